"""The NAS-Bench-101 surrogate: features, model, fit, tuning, time model and card."""
