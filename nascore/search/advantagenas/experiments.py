"""All experiments of the AdvantageNAS companion."""
from __future__ import annotations

from .studies.theory import THEORY
from .studies.toy import TOY

EXPERIMENTS = [THEORY, TOY]
