"""How well the shared weights rank architectures: the question behind every search with a supernet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import one_hot
from nascore.search.oneshot.hooks.base import Hook
from nascore.search.oneshot.moving import on
from nascore.spaces.base import Arch

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class SharedRanking(Hook):
    """Every `every` epochs the Spearman correlation between minus the shared-weight loss and known `values`.

    `archs`: one operation per edge of the supernet, three or more; `values`: what each is worth alone, higher is
    better, such as a table's accuracies; `batches`: what the loss is averaged over, the same for all architectures.
    Adds the columns `shared_spearman`, NaN in the epochs between and where all losses are alike, and `shared_loss`,
    their mean. It trains nothing, and the run goes on as it would have without it.
    """

    def __init__(self, archs: Sequence[Arch], values: Sequence[float], batches: Sequence, every: int = 1):
        self.archs = [tuple(arch) for arch in checks.listed("archs", archs, "a list of architectures")]
        self.values = checks.numbers("values", values)
        if len(self.archs) < 3 or self.values.shape != (len(self.archs),):
            raise SettingError(
                f"{len(self.archs)} archs and values of shape {list(self.values.shape)}: expected three or more "
                "architectures and one value for each"
            )
        self.batches = checks.listed("batches", batches, "a list of batches")
        if not self.batches:
            raise SettingError("batches is empty: expected at least one")
        self.every = checks.whole("every", every, 1)

    def after_epoch(self, run: Run) -> dict[str, float]:
        if (run.epoch + 1) % self.every:
            return {"shared_spearman": math.nan, "shared_loss": math.nan}
        losses = self.losses(run)
        return {"shared_spearman": _spearman(-losses, torch.tensor(self.values)), "shared_loss": float(losses.mean())}

    def losses(self, run: Run) -> torch.Tensor:
        """The shared-weight loss of every architecture, float64 (archs,)."""
        ops = len(run.supernet.choices.ops)
        batches = [on(batch, run.device) for batch in self.batches]
        found = [[run.supernet.measures(batch, one_hot(arch, ops))["loss"] for batch in batches] for arch in self.archs]
        return torch.tensor(found, dtype=torch.float64).mean(1)


def _spearman(a: torch.Tensor, b: torch.Tensor) -> float:
    """Rank correlation, equal values sharing their mean rank; NaN where one of them does not vary."""
    from scipy.stats import rankdata  # takes a while to load, and few searches are watched

    x, y = (torch.tensor(rankdata(each.numpy())) for each in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(x.norm() * y.norm())
    return float(x @ y) / scale if scale else math.nan
