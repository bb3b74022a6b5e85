"""Table 1: the properties of the gradient-based strategies, observed in their draws; and facts that the text states in
passing: what a step costs, when the toy's loss is zero, how large Table 3's cells are."""

from __future__ import annotations

from nascore.studies.advantagenas import step_cost, toy_optimum
from nascore.studies.experiment import Experiment, Unit

# the table's row -> our strategy; ENAS is REINFORCE with an LSTM, compared as REINFORCE in the paper's experiments
METHODS = {
    "DARTS": "DARTS",
    "SNAS": "SNAS",
    "NASP": "NASP",
    "ProxylessNAS": "ProxylessNAS",
    "PARSEC": "PARSEC",
    "GDAS": "GDAS",
    "ENAS": "Reinforce",
    "AdvantageNAS": "AdvantageNAS",
}
EDGES, OPS = 6, 5  # of NAS-Bench-201's cell


def _units(profile: str) -> list[Unit]:
    smoke = profile == "smoke"
    table = [Unit({"method": method}, seed, 0.1) for method in METHODS for seed in range(1 if smoke else 5)]
    costs = [
        Unit({"check": "cost", "rival": rival}, seed, 15.0)
        for rival in step_cost.RIVALS
        for seed in range(1 if smoke else 10)
    ]
    toys = [Unit({"check": "toy optimum"}, seed, 1.0) for seed in range(1 if smoke else 10)]
    return [*table, *costs, *toys, Unit({"check": "parameters"}, 0, 0.1)]


def _run(config: dict, seed: int) -> dict:
    """A row of Table 1, or one of the checks: see `step_cost.compared`, `toy_optimum.zero_only_at_teacher` and
    `_parameters`."""
    if config.get("check") == "cost":
        return {"metrics": step_cost.compared(config["rival"], seed)}
    if config.get("check") == "toy optimum":
        return {"metrics": toy_optimum.zero_only_at_teacher(seed)}
    return {"metrics": _parameters() if config.get("check") == "parameters" else _row(config["method"], seed)}


def _parameters() -> dict:
    """Millions of parameters as Table 3 counts them: cells without an identity edge, and with one."""
    from nascore.networks.supernets.recurrent import OPS, SPACE, printed_params

    tanh, identity = OPS.index("tanh"), OPS.index("identity")
    cells = {"no_identity": (tanh,) * SPACE.positions, "one_identity": (identity, *(tanh,) * (SPACE.positions - 1))}
    return {f"params_{name}": round(printed_params(cell), 6) for name, cell in cells.items()}


def _row(method: str, seed: int) -> dict:
    """Draws of the strategy at a random theta, half-way through a search (which temperatures depend on)."""
    import torch

    from nascore.networks.choices import Choices
    from nascore.search import oneshot
    from nascore.search.oneshot.strategies.properties import observed

    strategy = getattr(oneshot, METHODS[method])(Choices(EDGES, tuple(map(str, range(OPS)))), seed=seed)
    with torch.no_grad():
        strategy.theta.copy_(torch.rand(EDGES, OPS, generator=torch.Generator().manual_seed(seed)))
    strategy.progress = 0.5
    found, declared = observed(strategy), strategy.properties
    found = {key: round(value, 6) if isinstance(value, float) else value for key, value in found.items()}
    return {
        **found,
        "row": method.lower(),
        "stochastic": "yes" if found["stochastic"] else "no",
        "guarantee": "✓" if declared.guarantee else "",
        "as_declared": all(
            found[key] == getattr(declared, key) for key in ("propagation", "weight_step", "architecture", "stochastic")
        ),
    }


PROPERTIES = Experiment(
    "advantagenas/properties",
    1,
    "Table 1: properties of gradient-based strategies, and facts of the text",
    _units,
    _run,
    lambda config: "",
    "advantagenas",
)
