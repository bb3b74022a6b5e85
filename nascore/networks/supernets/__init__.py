"""Supernets: all architectures of a space in one network, weights shared."""
