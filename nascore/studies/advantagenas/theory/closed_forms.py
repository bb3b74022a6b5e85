"""The formulas of Section 4.4 for r(a) = sum_i r_i . a_i, as printed and as they are; one number per edge.

Written out, with m_i = r_i . mu_i the mean of edge i:

- ||grad_i J||^2 = sum_j (mu_i^j)^2 (r_i^j - m_i)^2; the printed sum_j (r_i^j)^2 (mu_i^j)^2 (1 - mu_i^j)^2 leaves out
  what the other operations of the edge add to m_i;
- the printed Var[delta_adv] is E||delta_adv||^2, exactly; the variance is that minus ||grad_i J||^2;
- the printed Var[delta_base] is E||delta_base||^2 where all other edges have mean 0. In general
  E||delta_base||^2 = E||delta_adv||^2 + 2 M E[A_i ||a_i - mu_i||^2] + (1 - ||mu_i||^2) E[(sum_{k != i} A_k)^2] with
  M = sum_{k != i} m_k, which grows as |I|^2.
"""

from __future__ import annotations

import numpy as np


def printed_gradient(parts: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """||grad_i J||^2 as printed; `parts` and `mu` (edges, ops)."""
    return (parts**2 * mu**2 * (1 - mu) ** 2).sum(1)


def exact_gradient(parts: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """||grad_i J||^2."""
    return (mu**2 * (parts - (parts * mu).sum(1, keepdims=True)) ** 2).sum(1)


def printed_advantage(parts: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Var[delta_adv] as printed; it is E||delta_adv||^2."""
    return (mu * parts**2 * _distance(mu)).sum(1)


def printed_base(parts: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Var[delta_base] as printed."""
    squares = (mu * parts**2).sum(1)
    return printed_advantage(parts, mu) + (1 - (mu**2).sum(1)) * (squares.sum() - squares)


def exact_base(parts: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """E||delta_base||^2."""
    means, squares = (mu * parts).sum(1), (mu * parts**2).sum(1)
    others = means.sum() - means
    # E[(sum_{k != i} A_k)^2]: variances of independent edges, and the square of the mean
    spread = squares - means**2
    mixed = (mu * parts * _distance(mu)).sum(1)
    return (
        printed_advantage(parts, mu) + 2 * others * mixed + (1 - (mu**2).sum(1)) * (spread.sum() - spread + others**2)
    )


def _distance(mu: np.ndarray) -> np.ndarray:
    """||e_j - mu_i||^2 for each operation."""
    return 1 - 2 * mu + (mu**2).sum(1, keepdims=True)
