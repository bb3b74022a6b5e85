"""The `nascore` command: data, reproduce, scoreboard, bench.

Every error is one line on stderr and a non-zero exit: 1 for a failure, 2 for wrong usage, 130 for Ctrl-C.
NASCORE_DEBUG=1 shows tracebacks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from nascore.errors import NascoreError, SettingError
from nascore.studies.experiment import PROFILES

EPILOG = """examples:
  nascore data fetch nasbench201
  nascore reproduce ganas --profile laptop --workers 2
  nascore reproduce ganas --profile paper --dry-run
  nascore reproduce --backend dask --scheduler tcp://head:8786
  nascore scoreboard --json"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        options = parser().parse_args(arguments)
        return options.command(options)
    except KeyboardInterrupt:
        if os.environ.get("NASCORE_DEBUG"):
            raise
        return _fail("stopped", 130)
    except BrokenPipeError:  # the reader of our output went away, as in `nascore scoreboard | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except NascoreError as error:
        if os.environ.get("NASCORE_DEBUG"):
            raise
        return _fail(str(error), 130 if type(error).__name__ == "Stopped" else 1)
    except Exception as error:
        if os.environ.get("NASCORE_DEBUG"):
            raise
        return _fail(f"{type(error).__name__}: {error} (a fault in nascore; NASCORE_DEBUG=1 shows where)", 1)


def _fail(message: str, status: int) -> int:
    print(f"nascore: error: {' '.join(message.split())}", file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="nascore",
        description="A living companion to five neural-architecture-search papers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="list, fetch, verify and find data sets")
    actions = data.add_subparsers(title="actions", required=True, metavar="ACTION")
    each = actions.add_parser("list", help="every data set and whether it is here")
    each.add_argument("--json", action="store_true", help="print JSON")
    each.set_defaults(command=_data_list)
    each = actions.add_parser("fetch", help="download data sets and build their tables")
    each.add_argument("names", nargs="+", metavar="NAME")
    each.set_defaults(command=_data_fetch)
    each = actions.add_parser("verify", help="check files against their checksums")
    each.add_argument("names", nargs="*", metavar="NAME", help="default: everything")
    each.set_defaults(command=_data_verify)
    each = actions.add_parser("path", help="print where a data set lies")
    each.add_argument("name", metavar="NAME")
    each.set_defaults(command=_data_path)

    run = commands.add_parser("reproduce", help="compute what is missing and execute the notebooks")
    run.add_argument("names", nargs="*", metavar="NAME", help="papers, notebooks or experiments (default: everything)")
    run.add_argument("--profile", choices=PROFILES, default="smoke",
                     help="smoke: seconds, to see that all runs; laptop: the stored results; paper: the paper's budget "
                          "(default: %(default)s)")  # fmt: skip
    run.add_argument("--workers", type=_workers, default=1, metavar="N", help="parallel processes (default: 1)")
    run.add_argument(
        "--backend", choices=("loky", "dask", "ray"), default="loky", help="joblib backend (default: loky)"
    )
    run.add_argument("--scheduler", metavar="ADDRESS", help="address of a dask scheduler or ray head")
    run.add_argument("--output", metavar="DIR", help="folder for executed notebooks")
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE",
                     help="set a further notebook parameter (may be repeated)")  # fmt: skip
    run.add_argument("--dry-run", action="store_true", help="say what would run, what is stored, and how long it takes")
    run.set_defaults(command=_reproduce)

    board = commands.add_parser("scoreboard", help="every claim with its verdict")
    board.add_argument("--json", action="store_true", help="print JSON")
    board.add_argument("--profile", choices=PROFILES, default="laptop")
    board.set_defaults(command=_scoreboard)

    bench = commands.add_parser("bench", help="measure the speed of tables, searches and encoders")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.set_defaults(command=_bench)
    return top


def _workers(text: str) -> int:
    from nascore.companion.pool import check_workers

    try:
        return check_workers(int(text) if text.strip().isdecimal() else text)
    except (SettingError, ValueError) as error:  # ValueError: more digits than Python reads
        raise argparse.ArgumentTypeError(str(error)) from None


def _data_list(options: argparse.Namespace) -> int:
    from nascore import data

    rows = data.list_datasets()
    if options.json:
        print(json.dumps({"datasets": rows}, indent=1))
        return 0
    _print_rows(
        [{**row, "bytes": _size(row["bytes"])} for row in rows], ("name", "state", "table", "bytes", "licence", "what")
    )
    return 0


def _data_fetch(options: argparse.Namespace) -> int:
    from nascore import data

    for name in options.names:
        print(data.fetch(name), flush=True)
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    from nascore import data

    rows = [row for name in (options.names or [None]) for row in data.verify(name)]
    _print_rows(rows, ("state", "name", "file", "path"))
    bad = [row for row in rows if row["state"] == "corrupt"]
    if bad:
        names = ", ".join(dict.fromkeys(row["name"] for row in bad))
        raise NascoreError(f"{len(bad)} corrupt file(s); fetch again: nascore data fetch {names.replace(', ', ' ')}")
    absent = [row for row in rows if options.names and row["state"] == "missing"]
    if absent:  # asked for by name, so being absent is a failure too
        raise NascoreError(f"{len(absent)} file(s) missing; run: nascore data fetch {' '.join(options.names)}")
    return 0


def _data_path(options: argparse.Namespace) -> int:
    from nascore import data

    print(data.path(options.name))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from nascore.companion import runner, targets

    failures = runner.reproduce(
        options.names,
        profile=options.profile,
        workers=options.workers,
        backend=options.backend,
        scheduler=options.scheduler,
        dry_run=options.dry_run,
        output=options.output,
        parameters=dict(targets.parse_parameter(text) for text in options.parameter),
    )
    return _fail(f"{failures} part(s) failed, see above", 1) if failures else 0


def _scoreboard(options: argparse.Namespace) -> int:
    from nascore.companion import scoreboard

    if options.json:
        print(json.dumps(scoreboard.as_json(options.profile), indent=1, ensure_ascii=False))
    else:
        print(scoreboard.text(scoreboard.judged(options.profile)))
    return 0


def _bench(options: argparse.Namespace) -> int:
    from nascore import bench

    found = bench.run()
    if options.json:
        print(json.dumps(found, indent=1, default=float))
        return 0
    rows = found.get("bench", found) if isinstance(found, dict) else found
    if isinstance(rows, dict):
        rows = [{"what": key, "value": value} for key, value in rows.items()]
    _print_rows(rows, ("name", "value", "unit", "bar", "met", "low", "high", "load"))
    return 0


def _size(number: int | None) -> str:
    if number is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit in ("B", "kB") else f"{number:.1f} {unit}"
        number /= 1000
    return "?"


def _print_rows(rows: list[dict], columns: tuple[str, ...]) -> None:
    """Rows as aligned text columns."""
    cells = [list(columns), *([_cell(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
