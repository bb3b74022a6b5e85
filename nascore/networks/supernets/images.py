"""What supernets for labelled images share: how a draw is read, the loss, and what is measured."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Draw
from nascore.networks.image import ImageNetwork
from nascore.networks.supernets.base import Supernet, evaluating, pair


class ImageSupernet(ImageNetwork, Supernet):
    """A supernet of an image network whose cells all follow one draw.

    A batch is (images (n, inputs, h, w), labels (n,)); the loss is the cross-entropy. What `logits` passes on to the
    cells: weights (edges, ops), active operations and plain ones by edge, and whether there are constants.
    """

    def forward(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:  # type: ignore[override]
        """Logits (n, classes)."""
        if tuple(draw.weights.shape) != (self.choices.edges, len(self.choices.ops)):
            raise SettingError(
                f"the draw's weights have shape {tuple(draw.weights.shape)}: expected "
                f"{(self.choices.edges, len(self.choices.ops))}"
            )
        if self.choices.allowed is not None:
            self._permit(draw)
        gradient = draw.weights.requires_grad and torch.is_grad_enabled()
        values = draw.weights.detach().tolist()
        plain = [[not gradient and w == 1.0 for w in row] for row in values]
        try:
            active = [[j for j in ops if gradient or row[j] != 0] for ops, row in zip(draw.active, values, strict=True)]
        except (IndexError, TypeError, ValueError):
            raise SettingError(
                f"active={checks.shown(draw.active)}: expected for each of {self.choices.edges} edges some numbers "
                f"from 0 to {len(self.choices.ops) - 1}"
            ) from None
        if self.rivals:
            open_edges = set(self.open_edges())
            active = [ops if edge in open_edges else [] for edge, ops in enumerate(active)]
        return self.logits(images, draw.weights.to(images.device), active, plain, gradient and draw.constants)

    def loss(self, batch, draw: Draw) -> torch.Tensor:
        images, labels = pair(batch)
        logits = _full(self(images, draw))
        try:
            return F.cross_entropy(logits, labels)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:  # torch's words do not name the labels
            raise self._labels_problem(logits, labels) or error from None

    def _labels_problem(self, logits: torch.Tensor, labels) -> SettingError | None:
        classes = len(self.head.bias)
        if not isinstance(labels, torch.Tensor) or labels.dtype != torch.long or labels.shape != logits.shape[:1]:
            what = f"{tuple(labels.shape)} of {labels.dtype}" if isinstance(labels, torch.Tensor) else type(labels)
            return SettingError(f"labels {what}: expected ({len(logits)},) of torch.int64")
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= classes:
            return SettingError(f"labels from {low} to {high}: the network has classes 0 to {classes - 1}")
        return None

    def _permit(self, draw: Draw) -> None:
        """SettingError where an edge shall compute what the space does not allow there."""
        for edge, (active, allowed) in enumerate(zip(draw.active, self.choices.allowed or (), strict=True)):
            for op in active:
                if op not in allowed:
                    raise SettingError(
                        f"the draw has operation {op} on edge {edge}, where the space allows {list(allowed)}"
                    )

    def __repr__(self) -> str:
        return Supernet.__repr__(self)

    @torch.no_grad()
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """{"loss": cross-entropy, "accuracy": percent} in evaluation mode."""
        images, labels = pair(batch)
        with evaluating(self):
            logits = _full(self(images, draw))
        try:
            loss = float(F.cross_entropy(logits, labels))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise self._labels_problem(logits, labels) or error from None
        return {
            "loss": loss,
            "accuracy": 100 * float((logits.argmax(1) == labels).float().mean()),
        }


def _full(logits: torch.Tensor) -> torch.Tensor:
    """bfloat16 logits in float32; others as they are (float64 must stay float64)."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
