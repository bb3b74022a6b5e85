"""How nasbench301-surrogate was fitted."""
