"""A progress bar over estimated seconds, for runs of units that differ in length."""

from __future__ import annotations

from typing import Any

SHOW_AFTER_S = 5.0


class Progress:
    """A tqdm bar over estimated seconds, so that the time left is right when units differ; silent for short runs."""

    def __init__(self, seconds: list[float], workers: int, show: bool):
        self.total = sum(max(s, 1e-3) for s in seconds)
        self.count, self.done = len(seconds), 0
        self.show = show and self.total / workers > SHOW_AFTER_S
        self.bar: Any = None

    def __enter__(self) -> Progress:
        if self.show:
            from tqdm.auto import tqdm

            layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left"
            self.bar = tqdm(total=self.total, bar_format=layout, desc=f"0/{self.count} units")
        return self

    def step(self, seconds: float) -> None:
        """One unit has ended."""
        self.done += 1
        if self.bar is not None:
            self.bar.set_description(f"{self.done}/{self.count} units", refresh=False)
            self.bar.update(min(max(seconds, 1e-3), self.bar.total - self.bar.n))

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
