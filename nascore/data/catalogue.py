"""The four things one does with data: list, fetch, verify, find. `nascore data ...` calls these."""

from __future__ import annotations

import os
from pathlib import Path

from nascore.data import built, download, upstream


def list_datasets() -> list[dict]:
    """One row per data set: name, what, files, bytes (None: not stated upstream), licence, state, table.

    state: "fetched", "missing", "partial" (some files) or "corrupt"; table: state of the built table, "" where the data
    set needs none ("built", "missing", "stale", "corrupt").
    """
    rows = []
    for name, what in upstream.DATASETS.items():
        entries = upstream.files(name)
        sizes = [entry.bytes for entry in entries]
        rows.append(
            {
                "name": name,
                "what": what,
                "files": len(entries),
                "bytes": None if None in sizes else sum(size or 0 for size in sizes),
                "licence": "; ".join(dict.fromkeys(entry.licence for entry in entries)),
                "state": _summary([download.state(entry) for entry in entries]),
                "table": built.state(name) if name in built.BUILDERS else "",
            }
        )
    return rows


def fetch(name: str, progress: bool = True) -> Path:
    """Download every file of `name` that is missing or corrupt, build its table, and return `path(name)`.

    Raises DataError naming file, URL and what to do; a file that was there and sound is never touched.
    """
    for entry in upstream.files(name):
        if progress and download.state(entry) == "corrupt":
            print(f"{entry.local}: corrupt, fetching it again", flush=True)
        download.fetch_file(entry, progress=progress)
    if name in built.BUILDERS and built.state(name) != "built":
        built.build(name, progress)
    return path(name)


def verify(name: str | None = None) -> list[dict]:
    """One row per file (and built table) of `name`, or of everything: name, file, state, path, url."""
    rows = []
    for dataset in upstream.DATASETS if name is None else (upstream.check_name(name),):
        for entry in upstream.files(dataset):
            rows.append(
                {
                    "name": dataset,
                    "file": entry.path,
                    "state": download.state(entry),
                    "path": str(entry.local),
                    "url": entry.url,
                }
            )
        if dataset in built.BUILDERS:
            where = built.table_path(dataset)
            rows.append(
                {"name": dataset, "file": where.name, "state": built.state(dataset), "path": str(where), "url": ""}
            )
    return rows


def path(name: str) -> Path:
    """Where `name` lies (it need not exist yet): its built table, its only file, or the folder of its files."""
    entries = upstream.files(name)
    if name in built.BUILDERS:
        return built.table_path(name)
    if len(entries) == 1:
        return entries[0].local
    return Path(os.path.commonpath([entry.local.parent for entry in entries]))


def _summary(states: list[str]) -> str:
    if "corrupt" in states:
        return "corrupt"
    if set(states) == {"fetched"}:
        return "fetched"
    return "partial" if "fetched" in states else "missing"
