"""The state of a search as JSON: tuples, sets, arrays and queries come back as what they were."""

from __future__ import annotations

import base64
import math

import numpy as np

from nascore.benchmarks.curves import Query


def plain(value):
    """JSON form of a state: tuples and arrays are marked so that they come back as what they were."""
    if isinstance(value, dict):
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, Query):
        return {"query": [plain(value.arch), value.epochs]}
    if isinstance(value, (set, frozenset)):
        return {"set": [plain(v) for v in sorted(value)]}
    if isinstance(value, tuple):
        return {"tuple": [plain(v) for v in value]}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return {
            "array": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(),
            "dtype": value.dtype.str,
            "shape": list(value.shape),
        }
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def revive(value):
    if isinstance(value, list):
        return [revive(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {revive(k): revive(v) for k, v in value["dict"]}
    if "query" in value:
        return Query(revive(value["query"][0]), value["query"][1])
    if "set" in value:
        return {revive(v) for v in value["set"]}
    if "tuple" in value:
        return tuple(revive(v) for v in value["tuple"])
    if "array" in value:
        raw = base64.b64decode(value["array"])
        return np.frombuffer(raw, np.dtype(value["dtype"])).reshape(value["shape"]).copy()
    return float(value["float"])
