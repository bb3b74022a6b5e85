"""Second-order DARTS: the gradient through one unrolled weight step (Liu, Simonyan and Yang, 2019, Eq. 6 to 8).

For a = the mixing weights and w' = w - rate * d L_train(w, a) / d w, one plain SGD step (no momentum, no decay), the
total derivative of L_val(w', a) along a is

    d L_val(w', a) / d a  -  rate * (d2 L_train(w, a) / d a d w) * d L_val(w', a) / d w'.

The product with the mixed derivative is a central finite difference of first derivatives along d L_val / d w', with
the step 0.01 / norm that DARTS uses: two more forward and backward passes instead of second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from nascore.networks.choices import Draw

SCALE = 0.01


def backward(
    training: Callable[[], torch.Tensor],
    validation: Callable[[], torch.Tensor],
    draw: Draw,
    parameters: Sequence[torch.Tensor],
    rate: float,
) -> float:
    """Put the total derivative into `draw.weights.grad`; returns L_val(w', a). The parameters end as they were.

    `training` and `validation` compute the losses of the two batches under `draw` at the current parameters.
    """
    kept = [p.detach().clone() for p in parameters]
    try:
        _shift(parameters, kept, _gradients(training(), parameters), -rate)
        loss = validation()
        direct, *along = _gradients(loss, [draw.weights, *parameters])
        norm = torch.sqrt(sum((g.float() ** 2).sum() for g in along)).item()
        total = direct
        if norm > 0:
            sides = []
            for sign in (1, -1):
                _shift(parameters, kept, along, sign * SCALE / norm)
                sides.append(_gradients(training(), [draw.weights])[0])
            total = direct - rate * (sides[0] - sides[1]) * norm / (2 * SCALE)
    finally:
        _shift(parameters, kept, kept, 0.0)
    draw.weights.grad = total
    return float(loss.detach())


def _gradients(loss: torch.Tensor, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    found = torch.autograd.grad(loss, inputs, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


@torch.no_grad()
def _shift(parameters, origin, direction, size: float) -> None:
    for parameter, start, step in zip(parameters, origin, direction, strict=True):
        parameter.copy_(start if size == 0 else start + size * step)
