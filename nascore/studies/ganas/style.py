"""How the methods of GA-NAS's tables are drawn: name -> (colour of the companion's palette, dashes)."""

METHODS = {
    "GA-NAS": ("blue", None),
    "GA-NAS-fast": ("sky", None),
    "GA-NAS-standard": ("orange", None),
    "GA-NAS-uniform": ("purple", None),
    "GA-NAS, seeded": ("orange", None),
    "GA-NAS, setup 1": ("sky", None),
    "GA-NAS, setup 2": ("blue", None),
    "GA-NAS, not fine-tuned": ("sky", (2, 1)),
    "GA-NAS, true accuracies": ("ink", None),
    "RS": ("grey", (4, 2)),
    "REA": ("vermillion", (6, 2)),
    "LocalSearch": ("green", (2, 1.5)),
    "REINFORCE": ("orange", (6, 2, 1.5, 2)),
    "ENAS": ("orange", (6, 2, 1.5, 2)),
    "DARTS": ("green", (8, 3)),
    "GA-NAS, no none": ("blue", (3, 1)),
    "ENAS, with none": ("orange", (1, 1)),
    "TPE": ("purple", (1, 1.5)),
    "RL-NAS-1": ("vermillion", None),
    "RL-NAS-2": ("orange", None),
}
