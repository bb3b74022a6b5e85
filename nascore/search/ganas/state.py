"""The state of GA-NAS beside what is plain: networks, optimisers, and a batch of episodes that waits for its values."""

from __future__ import annotations

import io
import json

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.search.ganas.generator import Episodes, Steps
from nascore.search.ganas.topology import PAD, Topology
from nascore.search.state import plain, revive

TENSORS = ("modules", "torch_rng", "batch")


def pack(content: dict) -> bytes:
    """A torch file of tensors and JSON text only, so that it can be read with weights_only=True."""
    state = dict(content["state"])
    tensors = {name: state.pop(name) for name in TENSORS if name in state}
    stream = io.BytesIO()
    torch.save({"plain": json.dumps(plain({**content, "state": state})), **tensors}, stream)
    return stream.getvalue()


def unpack(content: bytes, device: torch.device) -> dict:
    """What `pack` was given; nothing in the file is executed."""
    tensors = torch.load(io.BytesIO(content), weights_only=True, map_location=device)
    found = revive(json.loads(tensors.pop("plain")))
    tensors["torch_rng"] = tensors["torch_rng"].cpu()
    found["state"] |= tensors
    return found


def rows_of(value, count: int) -> list[tuple[float, ...]]:
    """The answers of `count` architectures: rows of one width, NaN where the evaluation failed."""
    if not isinstance(value, list) or len(value) != count or not all(isinstance(row, tuple) and row for row in value):
        raise SettingError(f"rows={checks.shown(value)}: expected {count} rows of numbers")
    rows = [tuple(each if each != each else checks.number("rows", each) for each in row) for row in value]
    if len({len(row) for row in rows if row[0] == row[0]}) > 1:
        raise SettingError(f"rows={checks.shown(value)}: expected rows of one width")
    return rows


def load_modules(modules: dict, state) -> None:
    """Weights of networks and moments of optimisers, all of the shapes that they have here and finite."""
    if not isinstance(state, dict) or set(state) != set(modules):
        raise SettingError(f"modules={checks.shown(state)}: expected {', '.join(modules)}")
    for name, module in modules.items():
        if isinstance(module, torch.optim.Optimizer):
            _check_moments(name, module, state[name])
        else:
            for key, tensor in state[name].items():
                if not tensor.isfinite().all():
                    raise SettingError(f"{name}: {key} holds numbers that are not finite")
        module.load_state_dict(state[name])


def _check_moments(name: str, optimizer: torch.optim.Optimizer, state: dict) -> None:
    """Adam's own settings as they are here, and of each parameter a count and two moments of its shape."""
    if state["param_groups"] != optimizer.state_dict()["param_groups"]:
        raise SettingError(f"{name}: its settings are others")
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    for number, moments in state["state"].items():
        shape = parameters[checks.whole(name, number, 0, len(parameters) - 1)].shape
        good = set(moments) == {"step", "exp_avg", "exp_avg_sq"} and float(moments["step"]) >= 1
        for key in ("exp_avg", "exp_avg_sq"):
            good = good and moments[key].shape == shape and bool(moments[key].isfinite().all())
        if not good or bool((moments["exp_avg_sq"] < 0).any()):
            raise SettingError(f"{name}: these are no moments of parameter {number}")


# -- a batch of episodes ---------------------------------------------------------------------------------------------
def batch_of(episodes: Episodes | None) -> dict | None:
    """Episodes as a dict of tensors."""
    return None if episodes is None else {**episodes._asdict(), "steps": dict(episodes.steps._asdict())}


def episodes_of(batch, topology: Topology) -> Episodes | None:
    """The episodes that `batch_of` was given; SettingError where a tensor cannot be of one."""
    if batch is None:
        return None
    steps = Steps(**batch["steps"])
    found = Episodes(**{**batch, "steps": steps})
    cells, decisions, nodes = len(found.label), len(found.episode), topology.nodes
    whole, real, flag = torch.int64, torch.float32, torch.bool
    for name, tensor, kind, shape, low, high in (
        ("label", found.label, whole, (cells, nodes), PAD, topology.labels - 1),
        ("adjacency", found.adjacency, flag, (cells, nodes, nodes), 0, 1),
        ("broken", found.broken, flag, (cells,), 0, 1),
        ("episode", found.episode, whole, (decisions,), 0, cells - 1),
        ("log_prob", found.log_prob, real, (decisions,), -torch.inf, 1e-3),
        ("value", found.value, real, (decisions,), -torch.inf, torch.inf),
        ("steps.label", steps.label, whole, (decisions, nodes), PAD, topology.labels - 1),
        ("steps.adjacency", steps.adjacency, flag, (decisions, nodes, nodes), 0, 1),
        ("steps.node", steps.node, whole, (decisions,), 1, nodes - 1),
        ("steps.op", steps.op, whole, (decisions,), 0, topology.actions - 1),
        ("steps.edges", steps.edges, real, (decisions, nodes), 0, 1),
    ):
        good = tensor.dtype == kind and tensor.shape == shape and bool(tensor.isfinite().all()) and len(tensor) > 0
        if not good or tensor.min() < low or tensor.max() > high:
            raise SettingError(f"batch: {name} is none of a batch of {cells} cells")
    return found
