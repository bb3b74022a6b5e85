"""Cells as modules: mixtures of candidate operations, single architectures, recurrent cells."""
