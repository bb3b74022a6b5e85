"""All experiments of the GenNAS companion."""

from __future__ import annotations

from nascore.studies.gennas.published import PUBLISHED
from nascore.studies.gennas.ranking import RANKING

EXPERIMENTS = [RANKING, PUBLISHED]
