"""All experiments of the thesis's companion."""

from __future__ import annotations

from nascore.studies.thesis.digits201 import DIGITS

EXPERIMENTS = [DIGITS]
