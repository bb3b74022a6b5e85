"""GenNAS (Li et al., NeurIPS 2021): tasks of made-up signals as data, their targets, and the regression as a proxy."""

from nascore.proxies.gennas.named import named, task
from nascore.proxies.gennas.proxy import GenNAS
from nascore.proxies.gennas.regression import PUBLISHED_CODE, RECURRENT, Settings
from nascore.proxies.gennas.task import ImageTask, Noise, Part, SequenceTask, Signal
from nascore.proxies.registry import register

__all__ = [
    "PUBLISHED_CODE",
    "RECURRENT",
    "GenNAS",
    "ImageTask",
    "Noise",
    "Part",
    "SequenceTask",
    "Settings",
    "Signal",
    "named",
    "task",
]

for _name in ("single", "combo", "search-n", "search-d", "search-r"):
    register(GenNAS(_name))
