"""Kernels that no other process can rob of their ports.

Jupyter's default is TCP: the starting process looks for five free ports, lets them go, and the kernel takes them about
a second later. Whatever binds one of them in between (another kernel, any outgoing connection) kills the kernel at its
start, "Kernel died before replying to kernel_info". Over Unix sockets in a folder of its own there is nothing to race
for; where there are none (Windows) kernels stay on TCP.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref

from jupyter_client.manager import AsyncKernelManager, KernelManager

LONGEST = 90  # a Unix socket's path holds about 104 characters, the channel's number included


def socket_folder() -> str | None:
    """A new folder for the sockets of one kernel; None where there are no Unix sockets or no short enough path."""
    if os.name != "posix":
        return None
    for parent in (tempfile.gettempdir(), "/tmp"):
        if len(parent) < LONGEST - 30 and os.access(parent, os.W_OK):
            return tempfile.mkdtemp(prefix="nascore-kernel-", dir=parent)
    return None


class _OverSockets:
    """Mixed in before a kernel manager: its channels are sockets in a folder that goes with the manager."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        folder = socket_folder()
        if folder is not None:
            self.transport, self.ip = "ipc", os.path.join(folder, "channel")
            # with the manager, not with the kernel: a kernel that is started again needs the folder again
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


class SocketKernelManager(_OverSockets, KernelManager):
    """jupyter_client's KernelManager over Unix sockets; for nbval."""


class AsyncSocketKernelManager(_OverSockets, AsyncKernelManager):
    """jupyter_client's AsyncKernelManager over Unix sockets; for papermill."""
