"""NAS-Bench-101's space: `space` (NASBench101), `graphs` (all labelled graphs), `index` (rows of a table), `cost`
(parameters, multiply-accumulates) and `hash` (the published names of cells)."""

from nascore.spaces.nasbench101.space import OPS, NASBench101

__all__ = ["OPS", "NASBench101"]
