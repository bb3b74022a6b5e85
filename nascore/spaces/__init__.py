"""What can be searched: architectures as small values. Needs numpy only."""
from .base import Arch, Space
from .cell import CellSpace
from .dag import DAG
from .macro import MacroSpace, NASBenchMacro
from .nasbench201 import NASBench201

__all__ = ["Arch", "CellSpace", "DAG", "MacroSpace", "NASBench101", "NASBench201", "NASBenchMacro", "Space"]


def __getattr__(name: str):
    if name == "NASBench101":  # its module builds lookup tables when first used
        from .nasbench101 import NASBench101

        return NASBench101
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
