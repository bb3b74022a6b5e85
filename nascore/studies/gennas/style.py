"""How GenNAS's rows are drawn, in the order of its tables: name -> (colour in the companion, dashes)."""

METHODS = {
    "gennas-combo": ("blue", None),
    "gennas-search-n": ("blue", (4, 2)),
    "gennas-search": ("blue", (4, 2)),  # for recurrent cells
    "gennas-search-d": ("sky", None),
    "gennas-search-r": ("sky", (4, 2)),
    "gennas-single": ("blue", (1, 1)),
    "naswot": ("vermillion", None),
    "synflow": ("green", None),
    "jacob_cov": ("vermillion", (2, 1)),
    "snip": ("orange", None),
    "grasp": ("orange", (4, 2)),
    "grad_norm": ("orange", (1, 1)),
    "fisher": ("purple", (4, 2)),
    "zen": ("purple", None),
    "zico": ("green", (4, 2)),
    "parameters": ("grey", None),
    "flops": ("grey", (2, 1)),
}
ORDER = tuple(METHODS)
