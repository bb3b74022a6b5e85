"""No kernel that we start can lose its ports to another process."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import nbformat
import pytest

from nascore.companion import kernels, runner
from tests.waiting import FOREVER

ASK = "import json, ipykernel; c = json.loads(ipykernel.get_connection_info()); print(c['transport'], c['ip'])"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no Unix sockets here: kernels stay on TCP")


def test_an_executed_notebook_listens_on_no_port(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ASK)])
    nbformat.write(notebook, tmp_path / "asks.ipynb")
    target = tmp_path / "out" / "asks.ipynb"
    error, _ = runner.run_notebook(str(tmp_path / "asks.ipynb"), str(target), {}, {})
    assert error == ""
    transport, address = nbformat.read(target, 4).cells[-1].outputs[0].text.split()
    assert transport == "ipc"
    gc.collect()  # the manager's own cycles; at the latest the folder goes as the process ends
    assert not Path(address).parent.exists(), "the sockets' folder stays behind"


def test_nbval_starts_its_kernels_the_same_way():
    import nbval.kernel

    from tests import nbval_kernels

    before = nbval.kernel.KernelManager
    try:
        nbval_kernels.pytest_configure()
        manager, client = nbval.kernel.start_new_kernel(kernel_name="python3")
    finally:
        nbval.kernel.KernelManager = before
    try:
        assert manager.transport == "ipc"
        manager.restart_kernel(now=True)  # nbval does so after a timeout
        client.wait_for_ready(timeout=FOREVER)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_two_kernels_never_share_a_folder_and_long_temporary_paths_are_avoided(monkeypatch, tmp_path):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr(kernels.tempfile, "gettempdir", lambda: str(deep))
    folders = [kernels.socket_folder() for _ in range(2)]
    assert len(set(folders)) == 2
    for folder in folders:
        assert folder is not None and len(folder) < kernels.LONGEST
        os.rmdir(folder)
