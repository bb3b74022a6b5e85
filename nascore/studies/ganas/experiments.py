"""All experiments of the GA-NAS companion."""

from __future__ import annotations

from nascore.studies.ganas.backbones import BACKBONES
from nascore.studies.ganas.constrained import CONSTRAINED
from nascore.studies.ganas.facts import FACTS
from nascore.studies.ganas.macro import MACRO
from nascore.studies.ganas.nasbench101 import NASBENCH101
from nascore.studies.ganas.nasbench201 import NASBENCH201
from nascore.studies.ganas.nasbench301 import NASBENCH301
from nascore.studies.ganas.pareto import PARETO
from nascore.studies.ganas.queries import QUERIES
from nascore.studies.ganas.theory.study import THEORY
from nascore.studies.ganas.tuning import TUNING
from nascore.studies.ganas.weight_sharing import WEIGHT_SHARING

EXPERIMENTS = [
    NASBENCH201,
    NASBENCH301,
    NASBENCH101,
    QUERIES,
    CONSTRAINED,
    PARETO,
    MACRO,
    BACKBONES,
    WEIGHT_SHARING,
    THEORY,
    FACTS,
    TUNING,
]
