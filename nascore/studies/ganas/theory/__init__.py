"""Theorem 3.1 of GA-NAS: the multi-stage cross-entropy method with exact densities, and by samples."""
