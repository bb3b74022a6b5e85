"""Scores of untrained or briefly trained networks, one short file each; the shelf is filled by GenNAS.

A proxy is a function from a network (and a batch) to a score, with its direction declared.
"""

from __future__ import annotations

__all__ = ["available"]


def available() -> list[str]:
    """Names of the proxies; none yet."""
    return []
