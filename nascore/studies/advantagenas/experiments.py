"""All experiments of the AdvantageNAS companion."""

from __future__ import annotations

from nascore.studies.advantagenas.cifar10 import CIFAR10
from nascore.studies.advantagenas.digits201 import DIGITS201
from nascore.studies.advantagenas.edges import EDGES_STUDY
from nascore.studies.advantagenas.gates import GATES
from nascore.studies.advantagenas.language import LANGUAGE
from nascore.studies.advantagenas.properties import PROPERTIES
from nascore.studies.advantagenas.theory.study import THEORY
from nascore.studies.advantagenas.toy import TOY

EXPERIMENTS = [PROPERTIES, THEORY, TOY, LANGUAGE, CIFAR10, DIGITS201, GATES, EDGES_STUDY]
