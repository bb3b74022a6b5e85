"""All experiments of the GenNAS companion."""

from __future__ import annotations

from nascore.studies.gennas.arch_searches import ARCH_SEARCHES
from nascore.studies.gennas.cost import COST
from nascore.studies.gennas.published import PUBLISHED
from nascore.studies.gennas.ranking import RANKING
from nascore.studies.gennas.sensitivity import SENSITIVITY
from nascore.studies.gennas.task_searches import TASK_SEARCHES

EXPERIMENTS = [RANKING, PUBLISHED, SENSITIVITY, TASK_SEARCHES, ARCH_SEARCHES, COST]
