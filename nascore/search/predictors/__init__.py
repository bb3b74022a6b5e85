"""Predictors of accuracies from architectures and learning curves; the shelf is empty until RANK-NOSH's arrive."""
