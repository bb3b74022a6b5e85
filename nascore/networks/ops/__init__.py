"""Candidate operations: `registry` (what a name means), `standard`, `separable`, `inverted`, `vertex` (those we have),
`layers` (what they are made of), `trial` (a user's own, tried) and `fused` (sums and poolings in the form a
mixed cell computes them)."""

from nascore.networks.ops.registry import Layer, Operation, operation, register

__all__ = ["Layer", "Operation", "operation", "register"]
