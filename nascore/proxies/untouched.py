"""What a proxy may do to a network is undone afterwards: weights, averages, modes, gradients, random numbers."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@contextlib.contextmanager
def untouched(networks: Sequence[nn.Module], seed: int, device: torch.device) -> Iterator[None]:
    """Inside, the networks are in training mode without gradients, gradients are computed, and the global random
    numbers (torch's, numpy's and Python's) come from `seed`; afterwards everything is as before, also where the inside
    fails."""
    kept = [_Kept(network) for network in networks]
    devices = [device] if device.type == "cuda" else []
    numpy_state, python_state = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=devices), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            for each in kept:
                each.prepare()
            yield
        finally:
            for each in kept:
                each.restore()
            np.random.set_state(numpy_state)
            random.setstate(python_state)


class _Kept:
    """What one network was like."""

    def __init__(self, network: nn.Module):
        self.modules = [
            (module, module.training, {name: dict(getattr(module, name, {})) for name in HOOKS})
            for module in network.modules()
        ]
        self.parameters = [
            (each, each.data, each.data.clone(), each.requires_grad, each.grad) for each in network.parameters()
        ]
        self.buffers = [
            (module, name, buffer, buffer.clone())
            for module, _, _ in self.modules
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]
        self.network = network

    def prepare(self) -> None:
        self.network.train()
        for parameter, *_ in self.parameters:
            parameter.grad = None
            parameter.requires_grad_(parameter.is_floating_point())

    def restore(self) -> None:
        with torch.no_grad():
            for parameter, data, values, needed, gradient in self.parameters:
                parameter.data = data.copy_(values)  # also where it was given another dtype
                parameter.requires_grad_(needed)
                parameter.grad = gradient
            for module, name, buffer, values in self.buffers:
                module._buffers[name] = buffer.copy_(values)
        for module, training, hooks in self.modules:
            module.training = training
            for name, before in hooks.items():
                found = getattr(module, name, {})
                for key in [key for key in found if key not in before]:
                    found.pop(key)
