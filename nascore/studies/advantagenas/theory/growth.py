"""How the numbers of one edge change as further edges are added to the same linear reward (Section 4.4).

Edge 1 keeps its r_1 and its theta_1 while the cell grows around it, so that its gradient, its variances and what the
advantage saves are compared within one reward and not between two independent ones.
"""

from __future__ import annotations

import numpy as np

from nascore.studies.advantagenas.theory import estimators
from nascore.studies.advantagenas.theory.rewards import Reward, linear

FEWEST = 2


def growth(reward: Reward, theta: np.ndarray) -> dict[str, float]:
    """A linear reward's edge 1 with all edges over the same edge with the first two only.

    gradient_growth: ||grad_1 J||^2; variance_adv_growth: Var[delta_adv]; reduction_growth: Var[delta_base] minus that.
    """
    assert reward.parts is not None
    few, many = (_first_edge(linear(reward.parts[:n]), theta[:n]) for n in (FEWEST, reward.edges))
    return {f"{name}_growth": many[name] / few[name] for name in few}


def _first_edge(reward: Reward, theta: np.ndarray) -> dict[str, float]:
    base, adv = (float(estimators.moments(reward, theta, name).variance[0]) for name in ("reinforce", "advantage"))
    gradient = float((estimators.gradient(reward, theta)[0] ** 2).sum())
    return {"gradient": gradient, "variance_adv": adv, "reduction": base - adv}
