"""How AdvantageNAS's methods are drawn, in the order of its tables: name -> (colour in the companion, dashes).

A variant has the colour of its method and shorter dashes; dense methods are dark or grey.
"""

METHODS = {
    "AdvantageNAS": ("blue", None),
    "PARSEC": ("vermillion", (4, 2)),
    "ProxylessNAS": ("green", (2, 1.5)),
    "REINFORCE": ("orange", (6, 2, 1.5, 2)),
    "GDAS": ("purple", (3, 1)),
    "DARTS": ("ink", (8, 3)),
    "SNAS": ("grey", (2, 1)),
    "NASP": ("sky", (5, 1.5)),
    "REINFORCE, no baseline": ("orange", (1, 1)),
    "REINFORCE, baseline": ("orange", (1, 1)),
    "AdvantageNAS, Eq. 6": ("blue", (1, 1)),
    "PARSEC, mean loss": ("vermillion", (1, 1)),
    "GDAS, no constants": ("purple", (3, 3)),
    "RandomSharing": ("grey", (1, 1)),
    "Random": ("grey", (1, 1)),
    "random cell": ("grey", (1, 1)),
    "random search": ("grey", (3, 3)),
    "all tanh": ("sky", (3, 3)),
}
ORDER = tuple(METHODS)
