"""NAS-Bench-NLP's recurrent cells: small values, their recipes, and the benchmark's own way of drawing them."""

from nascore.spaces.nasbench_nlp.space import NASBenchNLP

__all__ = ["NASBenchNLP"]
