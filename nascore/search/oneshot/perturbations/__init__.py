"""Perturbations wrap a strategy and move its mixing weights before they are used; the shelf is empty until SDARTS."""
