"""A pytest plugin for nbval (`-p tests.nbval_kernels`): its kernels listen on sockets of their own, not on TCP ports
that another worker may take first (see nascore/companion/kernels.py)."""

from __future__ import annotations

import nbval.kernel

from nascore.companion.kernels import SocketKernelManager


def pytest_configure() -> None:
    nbval.kernel.KernelManager = SocketKernelManager
