"""Families of densities p(x; theta) over a small space, with exact KL and JS projections (GA-NAS, Appendix A)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nascore import checks
from nascore.errors import SettingError
from nascore.spaces.choice import ChoiceSpace

LARGEST_SPACE = 2**20
DIVERGENCES = ("KL", "JS")
FAMILIES = ("product", "full")


def kl_divergence(q: np.ndarray, p: np.ndarray) -> float:
    """KL(q || p) in nats; infinite where q has mass and p has none."""
    from scipy.special import rel_entr

    return float(rel_entr(q, p).sum())


def js_divergence(q: np.ndarray, p: np.ndarray) -> float:
    """The Jensen-Shannon divergence of equation (6), in nats: between 0 and log 2, symmetric, always finite."""
    from scipy.special import rel_entr

    middle = (q + p) / 2
    return float((rel_entr(q, middle).sum() + rel_entr(p, middle).sum()) / 2)


def divergence_of(name: str, q: np.ndarray, p: np.ndarray) -> float:
    """KL(q || p) or JS(q || p)."""
    return kl_divergence(q, p) if name == "KL" else js_divergence(q, p)


def floored(weights: np.ndarray, floor: float) -> np.ndarray:
    """The distribution p >= floor that maximises sum(weights * log p), row by row: max(floor, weights / nu).

    `weights`: (positions, operations), each row summing to 1.
    """
    if floor == 0:
        return weights / weights.sum(1, keepdims=True)
    result = np.empty_like(weights)
    for row, out in zip(weights, result, strict=True):
        free = np.ones(len(row), dtype=bool)
        while True:  # each round fixes at least one more entry at the floor, so at most len(row) rounds
            room = 1 - floor * (~free).sum()
            out[:] = np.where(free, row * room / row[free].sum(), floor)
            low = free & (out < floor)
            if not low.any():
                break
            free &= ~low
    return result


class FullFamily:
    """Theta is free: any density on the space. Both projections give q itself."""

    name = "full"

    def __init__(self, space: ChoiceSpace, floor: float = 0.0):
        if floor != 0:
            raise SettingError(f"floor={floor!r}: the family 'full' takes no floor (only 'product' does)")
        self.start = np.full(space.size, 1 / space.size)

    def density(self, theta: np.ndarray) -> np.ndarray:
        """p(x; theta) for each architecture of the space, shape (size,)."""
        return theta

    def project(self, q: np.ndarray, divergence: str, previous: np.ndarray | None = None) -> np.ndarray:
        """The theta that minimises the divergence from q to p(.; theta): q itself."""
        return q.copy()


class ProductFamily:
    """Independent categoricals, one per position: p(x; theta) = prod_e theta[e, x_e].

    `theta` has shape (positions, operations), its rows sum to 1. With `floor` > 0 every entry is at least `floor`, so
    that p(x; theta) > 0 for all x and theta: the condition that the proof of Theorem A.1 names.
    """

    name = "product"

    def __init__(self, space: ChoiceSpace, floor: float = 0.0):
        n = len(space.ops)
        self.floor, self.shape = checks.number("floor", floor, 0, below=1 / n), (space.positions, n)
        self.start = np.full(self.shape, 1 / n)

    def density(self, theta: np.ndarray) -> np.ndarray:
        """p(x; theta) for each architecture of the space, shape (size,)."""
        density = np.ones(1)
        for row in theta:  # the space is in lexicographic order, so the outer product is too
            density = np.multiply.outer(density, row).ravel()
        return density

    def marginals(self, density: np.ndarray) -> np.ndarray:
        """How much mass `density` (size,) gives to each operation at each position, shape (positions, operations)."""
        result = np.empty(self.shape)
        for position in reversed(range(self.shape[0])):  # sum the last position away, keeping its marginal
            table = density.reshape(-1, self.shape[1])
            result[position], density = table.sum(0), table.sum(1)
        return result

    def project(self, q: np.ndarray, divergence: str, previous: np.ndarray | None = None) -> np.ndarray:
        """The theta that minimises the divergence from q to p(.; theta).

        KL: closed form, the marginals of q (raised to the floor). JS is not convex in theta: L-BFGS from several fixed
        starts, of which the best end point counts; deterministic.
        """
        marginals = floored(self.marginals(q), self.floor)
        if divergence == "KL":
            return marginals
        ends = [self._descend(q, start) for start in self._starts(q, marginals, previous)]
        return min(ends, key=lambda theta: js_divergence(q, self.density(theta)))

    def _starts(self, q: np.ndarray, marginals: np.ndarray, previous: np.ndarray | None) -> Iterator[np.ndarray]:
        yield marginals
        yield marginals**2 / (marginals**2).sum(1, keepdims=True)  # JS tends to prefer one mode of q
        yield self.start
        if previous is not None:
            yield previous

    def _descend(self, q: np.ndarray, start: np.ndarray) -> np.ndarray:
        from scipy.optimize import minimize  # takes a second to load, and few who list experiments compute one
        from scipy.special import softmax, xlogy

        floor, n = self.floor, self.shape[1]

        def theta_of(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            soft = softmax(logits.reshape(self.shape), axis=1)
            return soft, floor + (1 - n * floor) * soft

        q_log_q = xlogy(q, q)

        def objective(logits: np.ndarray) -> tuple[float, np.ndarray]:
            soft, theta = theta_of(logits)
            p = self.density(theta)
            both = p + q
            # d JS / d p(x) = 1/2 log(2p / (p + q)), and d p(x) / d theta[e, o] = p(x) / theta[e, o] where x_e = o
            log_both = np.log(both / 2, where=both > 0, out=np.zeros_like(both))
            p_log = xlogy(p, p) - p * log_both
            slope = p_log / 2
            by_theta = self.marginals(slope) / theta
            gradient = (1 - n * floor) * soft * (by_theta - (soft * by_theta).sum(1, keepdims=True))
            return float((q_log_q - q * log_both + p_log).sum() / 2), gradient.ravel()

        soft = np.maximum((start - floor) / (1 - n * floor), 1e-6)
        limit = 40.0  # exp(-80) stands for zero
        found = minimize(
            objective,
            np.log(soft).ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-limit, limit)] * soft.size,
            options={"maxiter": 2000, "ftol": 1e-12, "gtol": 1e-9},
        )
        theta = theta_of(found.x)[1]
        if floor > 0:
            return theta
        # logits reach zero only in the limit; drop what is on its way there, where that is no worse
        cut = floored(np.where(theta < 1e-6, 0.0, theta), 0.0)
        return cut if js_divergence(q, self.density(cut)) <= js_divergence(q, self.density(theta)) else theta


def family_of(name: str, space: ChoiceSpace, floor: float = 0.0) -> FullFamily | ProductFamily:
    """The family 'product' or 'full' over `space`; SettingError for anything else or a space that is too large."""
    if not isinstance(space, ChoiceSpace) or not space.uniform:
        raise SettingError(
            f"space={space!r}: exact densities need a space with the same free choice at each position "
            "(CellSpace, NASBench201, MacroSpace)"
        )
    if space.size > LARGEST_SPACE:
        raise SettingError(
            f"space {space.name} has {space.size:,} architectures: exact densities are computed for at "
            f"most {LARGEST_SPACE:,}"
        )
    checks.one_of("family", name, FAMILIES)
    return (ProductFamily if name == "product" else FullFamily)(space, floor)
