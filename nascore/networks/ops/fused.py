"""Sums and poolings as a mixed cell computes them: fused where that saves passes over memory.

Every gradient here can be differentiated again (Hessian-vector products are exact).
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F


class _WeightedSum(torch.autograd.Function):
    """sum of weights[k] * parts[k]; parts of one shape and layout, weights 0-dimensional.

    Gradients of weights are inner products: nothing of the parts' size is written for them. The weights are kept as
    tensors, so that a gradient can be differentiated again; only where that is not asked for (no create_graph) plain
    numbers multiply, which is faster.
    """

    @staticmethod
    def forward(context, count, *inputs):
        weights, parts = inputs[:count], inputs[count:]
        values = [float(w) for w in weights]
        context.values = values
        context.needed = [k for k in range(count) if context.needs_input_grad[1 + k]]
        context.save_for_backward(*weights, *(parts[k] for k in context.needed))
        out = parts[0] * values[0]
        for value, part in zip(values[1:], parts[1:], strict=True):
            out.add_(part, alpha=value)
        return out

    @staticmethod
    def backward(context, grad):
        count = len(context.values)
        kept, again = context.saved_tensors, torch.is_grad_enabled()
        factors = kept[:count] if again else context.values
        weights, parts = [None] * count, [None] * count
        for k, part in zip(context.needed, kept[count:], strict=True):
            weights[k] = _dot(grad, part).to(dtype=kept[k].dtype, device=kept[k].device)
        for k in range(count):
            if context.needs_input_grad[1 + count + k]:
                parts[k] = grad * factors[k]
        return None, *weights, *parts


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Inner product of two activations; bfloat16 ones are summed in float32."""
    if a.dtype is b.dtype is torch.float32:
        for order in ((0, 1, 2, 3), (0, 2, 3, 1)):
            x, y = a.permute(order), b.permute(order)
            if x.is_contiguous() and y.is_contiguous():
                return torch.dot(x.view(-1), y.view(-1))
    product = a * b
    return product.sum(dtype=product.dtype if product.dtype is torch.float64 else torch.float32)


def weighted_sum(weights: list[torch.Tensor], parts: list[torch.Tensor]) -> torch.Tensor:
    """sum of weights[k] * parts[k]; what has weight one and no gradient is not multiplied. The only part may come
    back itself."""
    plain = [k for k, w in enumerate(weights) if not w.requires_grad and float(w) == 1.0]
    if len(plain) == len(parts):
        return add(parts)
    rest = [k for k in range(len(parts)) if k not in plain]
    mixed = _WeightedSum.apply(len(rest), *(weights[k] for k in rest), *(parts[k] for k in rest))
    return add([mixed, *(parts[k] for k in plain)])


class _Constants(torch.autograd.Function):
    """x + weight * ones for a weight of value 0: x as it is, and a derivative for the weight."""

    @staticmethod
    def forward(context, x, weight):
        context.dtype = weight.dtype
        return x.view_as(x)

    @staticmethod
    def backward(context, grad):
        return grad, grad.sum(dtype=context.dtype)


def add_constants(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x plus zero times ones (see `constants` of Draw): d / d weight is the sum of the gradient."""
    return _Constants.apply(x, weight)


def add(parts: list[torch.Tensor]) -> torch.Tensor:
    """Sum with one new tensor, not one per term. The only part comes back itself."""
    if len(parts) == 1:
        return parts[0]
    out = parts[0] + parts[1]
    for part in parts[2:]:
        out = out.add_(part)
    return out


class _DepthwisePool(torch.autograd.Function):
    """Average pooling, stride 1, over the pixels inside the image, as a depthwise convolution.

    The kernel is symmetric, so the backward pass is the same convolution; no activation is kept for it.
    """

    @staticmethod
    def forward(context, x, ones, share):
        context.save_for_backward(ones, share)
        return F.conv2d(x, ones, padding=ones.shape[-1] // 2, groups=len(ones)).mul_(share)

    @staticmethod
    def backward(context, grad):
        ones, share = context.saved_tensors
        return F.conv2d(grad * share, ones, padding=ones.shape[-1] // 2, groups=len(ones)), None, None


@lru_cache(maxsize=64)
def _window(channels: int, height: int, width: int, kernel: int, device: str, dtype: torch.dtype):
    """Ones for a depthwise convolution, and one over the number of pixels inside the image per window."""
    with torch.inference_mode(False):  # kept for every later caller, also one that trains
        ones = torch.ones(1, 1, kernel, kernel, dtype=torch.float64)  # rounded once, to the type that is asked for
        share = 1 / F.conv2d(ones.new_ones(1, 1, height, width), ones, padding=kernel // 2)
        return ones.expand(channels, 1, kernel, kernel).contiguous().to(device, dtype), share.to(device, dtype)


def average_pool(x: torch.Tensor, kernel: int) -> torch.Tensor:
    """Average over the `kernel` x `kernel` window's pixels inside the image, stride 1, (n, c, h, w)."""
    if x.device.type != "cpu":
        return F.avg_pool2d(x, kernel, 1, kernel // 2, count_include_pad=False)
    with torch.autocast(x.device.type, enabled=False):
        return _DepthwisePool.apply(x, *_window(*x.shape[1:], kernel, str(x.device), x.dtype))
