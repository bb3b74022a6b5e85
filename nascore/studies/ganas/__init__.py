"""GA-NAS: its experiments, one module per table or figure; `experiments` lists them, `theory` checks Theorem 3.1."""
