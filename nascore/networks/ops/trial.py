"""An operation's module as a cell gets it: made, and tried once on a small image.

Several operations read the same feature map, and their outputs are added. A module that writes into its input would
change what the others see, and one with a single channel would be broadcast, both without a word. Each operation is
tried once per number of channels, as a module of its own, where it is made: a step checks nothing.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import torch
from torch import nn

from nascore import checks
from nascore.errors import NascoreError, SettingError
from nascore.networks.ops.registry import Layer, Operation

SIDE = 16  # of the image, which has to be as large as the largest window
_tried: WeakKeyDictionary = WeakKeyDictionary()  # builder -> the (operation, place) that it was tried as


def module(kind: Operation, layer: Layer) -> nn.Module:
    """`kind.build(layer)`; SettingError where that is no module, writes into its input or gives another shape."""
    try:
        made = kind.build(layer)
    except NascoreError:
        raise
    except Exception as error:  # whatever a user's own builder does
        raise SettingError(f"operation {kind.name!r} cannot be made: {type(error).__name__}: {error}") from error
    if not isinstance(made, nn.Module):
        raise SettingError(f"operation {kind.name!r}: its builder gives {checks.shown(made)}, expected a torch module")
    if not str(getattr(kind.build, "__module__", "")).startswith(f"{__package__}."):  # ours are known to be good
        place = (kind.name, layer.inputs, layer.outputs, layer.stride, layer.affine, layer.statistics)
        try:
            known = _tried.setdefault(kind.build, set())
        except TypeError:  # a builder that cannot be a key is tried every time
            known = set()
        if place not in known:
            _try(kind, layer)
            known.add(place)
    return made


def _try(kind: Operation, layer: Layer) -> None:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        made = kind.build(replace(layer, generator=torch.Generator().manual_seed(0)))
        for training in (True, False):
            image = torch.rand(2, layer.inputs, SIDE, SIDE) - 0.5
            image = image.to(next(made.parameters(), image))  # the same device and type
            before = image.clone()
            try:
                out = made.train(training)(image)
            except Exception as error:
                raise SettingError(
                    f"operation {kind.name!r} fails on an image {tuple(image.shape)}: {type(error).__name__}: {error}"
                ) from error
            if not torch.equal(image, before):
                raise SettingError(
                    f"operation {kind.name!r} writes into its input, which other operations read: set inplace=False"
                )
            side = -(-SIDE // layer.stride)
            expected = (2, layer.outputs, side, side)
            if not isinstance(out, torch.Tensor) or tuple(out.shape) != expected:
                shape = tuple(out.shape) if isinstance(out, torch.Tensor) else checks.shown(out)
                raise SettingError(
                    f"operation {kind.name!r} makes {shape} of {tuple(image.shape)}: expected {expected}, so that the "
                    "outputs of a node can be added"
                )
