"""The Hessian of the validation loss with respect to theta (Equation 2.2 of the thesis), exactly: theta is small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from nascore import checks
from nascore.errors import Diverged, SettingError
from nascore.networks.choices import Draw
from nascore.networks.supernets.base import evaluating
from nascore.search.oneshot.moving import on

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


def hessian(run: Run, batches: Sequence) -> torch.Tensor:
    """d2 L / d theta2 over the live entries of theta, edge by edge, float64 (n, n), symmetric.

    L: the supernet's mean loss on `batches` (equally large ones) in evaluation mode, under the softmax of the
    strategy's logits, with the weights as they are; the kinks of a ReLU count as straight. One forward pass and n + 1
    backward passes for each batch. Diverged where an entry is not finite, SettingError where there is no theta to
    differentiate by.
    """
    strategy = run.strategy
    theta, found = getattr(strategy, "theta", None), None
    if not isinstance(theta, torch.Tensor) or not theta.requires_grad or not hasattr(strategy, "logits"):
        raise SettingError(f"{type(strategy).__name__} has no theta that its probabilities depend on")
    given = [on(batch, run.device) for batch in checks.listed("batches", batches, "a list of batches")]
    if not given:
        raise SettingError("batches is empty: expected at least one")
    live = strategy.live
    with evaluating(run.supernet), torch.inference_mode(False), torch.enable_grad():
        for batch in given:
            mixture = torch.softmax(strategy.logits(), 1)
            draw = Draw(mixture, tuple(tuple(row.nonzero().flatten().tolist()) for row in live))
            (gradient,) = torch.autograd.grad(run.loss(batch, draw), [theta], create_graph=True)
            part = torch.stack([_row(entry, theta)[live] for entry in gradient[live]]).double()
            found = part if found is None else found + part
    assert found is not None
    if not found.isfinite().all():
        raise Diverged("the Hessian with respect to theta is not finite")
    return (found + found.T) / (2 * len(given))


def _row(entry: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    if not entry.requires_grad:  # theta has no say here
        return torch.zeros_like(theta)
    (row,) = torch.autograd.grad(entry, [theta], retain_graph=True, allow_unused=True)
    return torch.zeros_like(theta) if row is None else row


def spectrum(matrix: torch.Tensor) -> torch.Tensor:
    """Eigenvalues of a symmetric matrix, ascending, float64."""
    return torch.linalg.eigvalsh(matrix.double())


def condition(eigenvalues: torch.Tensor) -> float:
    """The largest magnitude over the smallest one; infinity where that is 0."""
    sizes = eigenvalues.abs()
    return float(sizes.max() / sizes.min()) if float(sizes.min()) else float("inf")
