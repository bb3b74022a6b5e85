"""Where everything lies, in a checkout and in an installed package."""

from __future__ import annotations

from nascore import paths


def test_an_installed_package_has_its_notebooks_inside(tmp_path, monkeypatch):
    assert paths.notebooks() == paths.root() / "notebooks"
    package = tmp_path / "site-packages" / "nascore"
    (package / "_notebooks").mkdir(parents=True)
    monkeypatch.setattr(paths, "__file__", str(package / "paths.py"))
    monkeypatch.delenv("NASCORE_ROOT", raising=False)
    assert paths.notebooks() == package / "_notebooks"
    (tmp_path / "site-packages" / "notebooks").mkdir()
    assert paths.notebooks() == tmp_path / "site-packages" / "notebooks"


def test_the_module_says_which_variables_there_are():
    for name in ("ROOT", "CACHE", "RESULTS", "FIGURES", "PAPERS", "MIRROR"):
        assert f"NASCORE_{name}" in paths.__doc__
