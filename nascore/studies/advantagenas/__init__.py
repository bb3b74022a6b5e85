"""AdvantageNAS: its experiments, one module per table or figure.

`experiments` lists them, `theory` checks Section 4, `report` makes tables and pictures of their rows.
"""
