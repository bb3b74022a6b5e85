"""Training one network from scratch."""
