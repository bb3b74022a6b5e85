"""All experiments of the GA-NAS companion."""
from __future__ import annotations

from .studies.tuning import TUNING

EXPERIMENTS = [TUNING]
