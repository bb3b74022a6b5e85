"""Our scores of 200 cells beside the published ones, as lines of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EXACT, DATA = 0.95, 0.85  # Spearman that is asked for; of scores that look at images, which are a JPEG copy here
ALLOWED = 0.03  # or by so much less than our own between two seeds
FREE = ("parameters", "flops", "synflow", "zen")  # look at no image


def least(proxy: str) -> float:
    """The agreement that is asked of a score."""
    return EXACT if proxy in FREE else DATA


def agrees(proxy: str, published: float, own: float) -> bool:
    """Whether ours is the published score, as far as draws of weights and images let one tell."""
    return published >= least(proxy) or own - published <= ALLOWED


def lines(rows: pd.DataFrame) -> list[dict]:
    """One per score: Spearman with the published one, our own between two seeds, and whether that is enough."""
    return [
        {
            "score": row["proxy"],
            "with the published": f"{row['published']:.3f}",
            "our two seeds": f"{row['own']:.3f}",
            "asked for": f"{least(row['proxy']):.2f}",
            "the same score": "yes" if agrees(row["proxy"], row["published"], row["own"]) else "no",
            "cells without a score": f"{row['failed']:.0f}",
        }
        for _, row in rows.iterrows()
    ]
