"""All experiments of the GA-NAS companion."""
from __future__ import annotations

from .studies.constrained import CONSTRAINED
from .studies.facts import FACTS
from .studies.macro import MACRO
from .studies.nasbench101 import NASBENCH101
from .studies.nasbench201 import NASBENCH201
from .studies.pareto import PARETO
from .studies.theory import THEORY
from .studies.tuning import TUNING

EXPERIMENTS = [NASBENCH201, NASBENCH101, CONSTRAINED, PARETO, MACRO, THEORY, FACTS, TUNING]
