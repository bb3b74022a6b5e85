"""NASWOT (Mellor et al., "Neural Architecture Search without Training", ICML 2021, Section 3, Equation 2 and the score
below it)."""

from __future__ import annotations

import torch

from nascore.errors import SettingError
from nascore.proxies.registry import proxy
from nascore.proxies.watching import Watching, first

FLOOR = 1e-12  # of the kernel's trace: images that no unit tells apart give a finite, very low score


@proxy("naswot", higher_is_better=True)
def naswot(network, batch, generator):
    """log |K|, where K[i, j] counts the units, of all rectifiers, that are on or off for both of images i and j.

    Every call of a rectifier counts, also in branches that lead nowhere (as in the published code), unless the network
    does not compute it at all.
    """
    count = len(batch)
    kernel = torch.zeros(count, count, dtype=torch.float64, device=batch.device)

    def relu(function, args, kwargs):
        with torch.no_grad():
            x = first(args, kwargs)
            if x.shape[0] != count:
                raise SettingError(f"a rectifier reads {tuple(x.shape)}: expected the {count} images first")
            if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
                x = x.permute(0, 2, 3, 1)  # as it lies in memory; the order of the units makes no difference
            on = (x.detach() > 0).flatten(1).to(x.dtype)
            both = (on @ on.T).double()  # and both off: all units but those on for one of the two
            counts = both.diagonal()
            kernel.add_(2 * both - counts - counts[:, None] + on.shape[1])
        return function(*args, **kwargs)

    with torch.no_grad(), Watching(relu=relu):
        network(batch.images)
    if not bool(kernel.any()):
        raise SettingError("the network has no rectifier: NASWOT is not defined")
    values = torch.linalg.eigvalsh(kernel)
    return float(values.clamp_min(FLOOR * float(kernel.trace())).log().sum())
