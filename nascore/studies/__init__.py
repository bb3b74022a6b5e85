"""The papers: one folder each, with one module per table or figure, its theory and its style. `registry` finds them."""

from __future__ import annotations

from nascore import paths

# papers that live outside the package, see `nascore.paths.paper_folders`
__path__ = [*__path__, *(str(folder) for folder in paths.study_folders())]
