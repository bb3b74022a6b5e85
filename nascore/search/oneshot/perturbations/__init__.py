"""Perturbations wrap a strategy and move its mixing weights before weight steps use them; `base` says what one is."""
