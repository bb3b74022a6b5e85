"""Table 1: the properties of the gradient-based strategies, observed in their draws."""

from __future__ import annotations

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
    return [Unit({"method": method}, seed, 0.1) for method in METHODS for seed in range(1 if profile == "smoke" else 5)]


def _run(config: dict, seed: int) -> dict:
    """Draws of the strategy at a random theta, half-way through a search (which temperatures depend on)."""
    import torch

    from nascore.networks.choices import Choices
    from nascore.search import oneshot
    from nascore.search.oneshot.strategies.properties import observed

    strategy = getattr(oneshot, METHODS[config["method"]])(Choices(EDGES, tuple(map(str, range(OPS)))), seed=seed)
    with torch.no_grad():
        strategy.theta.copy_(torch.rand(EDGES, OPS, generator=torch.Generator().manual_seed(seed)))
    strategy.progress = 0.5
    found, declared = observed(strategy), strategy.properties
    found = {key: round(value, 6) if isinstance(value, float) else value for key, value in found.items()}
    return {
        "metrics": {
            **found,
            "row": config["method"].lower(),
            "stochastic": "yes" if found["stochastic"] else "no",
            "guarantee": "✓" if declared.guarantee else "",
            "as_declared": all(
                found[key] == getattr(declared, key)
                for key in ("propagation", "weight_step", "architecture", "stochastic")
            ),
        }
    }


PROPERTIES = Experiment(
    "advantagenas/properties",
    1,
    "Table 1: properties of gradient-based strategies",
    _units,
    _run,
    lambda config: "",
    "advantagenas",
)
