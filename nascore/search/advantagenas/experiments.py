"""All experiments of the AdvantageNAS companion."""
from __future__ import annotations

from .studies.cifar10 import CIFAR10
from .studies.digits201 import DIGITS201
from .studies.language import LANGUAGE
from .studies.properties import PROPERTIES
from .studies.theory import THEORY
from .studies.toy import TOY

EXPERIMENTS = [PROPERTIES, THEORY, TOY, LANGUAGE, CIFAR10, DIGITS201]
