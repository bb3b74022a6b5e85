"""What can be searched: architectures as small values. Needs numpy only."""

from nascore.spaces.backbones import EfficientNetMacro, ProxylessNASMacro
from nascore.spaces.base import Arch, Limits, Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.choice import ChoiceSpace
from nascore.spaces.dag import DAG
from nascore.spaces.darts import DARTSSpace
from nascore.spaces.decisions import Decisions
from nascore.spaces.macro import MacroSpace, NASBenchMacro
from nascore.spaces.nasbench201 import NASBench201
from nascore.spaces.nasbench_nlp import NASBenchNLP
from nascore.spaces.nds import NDSSpace, nds_space
from nascore.spaces.pool import PoolSpace
from nascore.spaces.recurrent import RecurrentSpace
from nascore.spaces.resnet import ResNetSpace
from nascore.spaces.two_cells import TwoCellSpace

__all__ = [
    "DAG",
    "Arch",
    "CellSpace",
    "ChoiceSpace",
    "DARTSSpace",
    "Decisions",
    "EfficientNetMacro",
    "Limits",
    "MacroSpace",
    "NASBench101",
    "NASBench201",
    "NASBenchMacro",
    "NASBenchNLP",
    "NDSSpace",
    "PoolSpace",
    "ProxylessNASMacro",
    "RecurrentSpace",
    "ResNetSpace",
    "Space",
    "TwoCellSpace",
    "nds_space",
]


def __getattr__(name: str):
    if name == "NASBench101":  # its module builds lookup tables when first used
        from nascore.spaces.nasbench101 import NASBench101

        return NASBench101
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
