"""Candidate operations: `registry` (what a name means), `standard` and `inverted` (the operations there are), `layers`
(what they are made of) and `fused` (sums and poolings in the form a mixed cell computes them)."""

from nascore.networks.ops.registry import Layer, Operation, operation, register

__all__ = ["Layer", "Operation", "operation", "register"]
