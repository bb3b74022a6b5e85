"""From (seed, number) to a case, and from a case to its verdict."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import random
import re
import traceback
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.fuzz import entries, world
from tests.fuzz.entry import ENTRIES, Entry
from tests.fuzz.files import FILES
from tests.fuzz.kinds import ACCEPT, EITHER, REFUSE, SKIP
from tests.fuzz.values import EVERY

FINE = "fine"
FAILURES = ("traceback", "hang", "wrong acceptance", "wrong refusal", "another result", "unnamed")
FILE_SHARE = 0.3  # of all cases
SPACE = {name: getattr(world, name) for name in world.__all__}


class Hang(BaseException):
    """A case that took too much processor time."""


@dataclass(frozen=True)
class Verdict:
    """`what`: "fine" or a failure; `kind`: the same for failures that have one cause; `why` and `code`: for us."""

    entry: str
    owner: str
    what: str
    kind: str = ""
    why: str = ""
    code: str = ""
    seconds: float = 0.0
    number: int = -1


def run(seed: int, number: int, quick: bool = False) -> Verdict:
    """The case `number` of `seed`."""
    rng = random.Random(f"{seed}/{number}")
    if rng.random() < FILE_SHARE:
        return FILES[rng.randrange(len(FILES))].try_one(rng)
    entries = [each for each in ENTRIES if each.quick or not quick]
    chosen = rng.choices(entries, [each.weight for each in entries])[0]
    if chosen.twin and rng.random() < 0.15:
        found = _twin_case(chosen, rng)
        if found is not None:
            return found
    return _hostile_case(chosen, rng)


def prepare() -> None:
    """Everything that cases need, loaded once before workers are forked."""
    entries.load()
    for part in ("GANAS", "RLNAS", "TPE"):
        getattr(world.nc.search, part)
    world.bench(), world.oneshot_log()


def describe(seed: int, number: int, quick: bool) -> str:
    """How to run a case again that gave no verdict of its own."""
    return f"python -m tests.fuzz --seed {seed} --only {number}" + (" (of the quick sample)" if quick else "")


# -- hostile values ---------------------------------------------------------------------------------------------------
def _hostile_case(chosen: Entry, rng: random.Random) -> Verdict:
    names = list(chosen.params)
    many = min(len(names), 1 if rng.random() < 0.75 else 2)
    given, verdicts = {}, {}
    for name in rng.sample(names, many):
        given[name], verdicts[name] = _draw(chosen.params[name].kind, rng)
    found = judged(chosen, given, verdicts)
    if found.what != FINE and len(given) > 1:  # the smaller case, where one of the two values does it alone
        for name in given:
            alone = judged(chosen, {name: given[name]}, {name: verdicts[name]})
            if alone.what == found.what:
                return alone
    return found


def _draw(kind, rng: random.Random) -> tuple[str, str]:
    for _ in range(50):
        pool = kind.extra if kind.extra and (rng.random() < 0.5 or getattr(kind, "only_extra", False)) else EVERY
        text = rng.choice(pool)
        verdict = kind.judge(eval(text, dict(SPACE)))
        if verdict != SKIP:
            return text, verdict
    return "None", EITHER


def judged(chosen: Entry, given: dict[str, str], verdicts: dict[str, str]) -> Verdict:
    wanted = REFUSE if REFUSE in verdicts.values() else EITHER if EITHER in verdicts.values() else ACCEPT
    code = chosen.code(given)
    _, error, told = execute(code)

    def verdict(what: str, kind: str, why: str = "") -> Verdict:
        where = "+".join(given)
        return Verdict(chosen.name, chosen.owner, what, f"{chosen.name} {where}: {kind}", why, code)

    if isinstance(error, Hang):
        return verdict("hang", "hang", told)
    if error is None:
        if wanted != REFUSE:
            return verdict(FINE, "")
        bad = [name for name in verdicts if verdicts[name] == REFUSE]
        return verdict("wrong acceptance", "accepted", ", ".join(f"{name}={given[name]}" for name in bad))
    if isinstance(error, world.UsersOwn):
        return verdict(FINE, "")
    if not isinstance(error, world.NascoreError):
        if _too_large(error):
            return verdict(FINE, "")
        return verdict("traceback", f"{type(error).__name__}{last_line(error)}", told)
    if wanted == ACCEPT:
        return verdict("wrong refusal", "refused", _line(error))
    if not _names(error, chosen, given):
        return verdict("unnamed", "names nothing", _line(error))
    return verdict(FINE, "")


def _too_large(error: BaseException) -> bool:
    """A valid request for more memory than there is."""
    words = ("can't allocate memory", "not enough memory", "Unable to allocate", "cannot allocate")
    return isinstance(error, MemoryError) or any(word in _line(error) for word in words)


def _names(error: BaseException, chosen: Entry, given: dict[str, str]) -> bool:
    said = _line(error).lower()
    for name, text in given.items():
        words = [name, *chosen.params[name].called]
        if "*" in words:
            return True
        with contextlib.suppress(Exception):
            shown = " ".join(repr(eval(text, dict(SPACE))).split()).strip("'")[:40].lower()
            if len(shown) > 2 and shown in said:
                return True
        if any(re.search(rf"(?<![a-z]){re.escape(word.lower())}(?![a-z])", said) for word in words):
            return True
    return "architecture" in said or "archs" in said


# -- numpy's equivalents ----------------------------------------------------------------------------------------------
def _twin_case(chosen: Entry, rng: random.Random) -> Verdict | None:
    twins = [(name, twin) for name, p in chosen.params.items() for twin in p.kind.twins(p.valid) if p.valid != "None"]
    if not twins:
        return None
    name, twin = rng.choice(twins)
    code, plain = chosen.code({name: twin}), chosen.code({name: chosen.params[name].valid})
    wanted, first, told = execute(plain)
    if first is not None:
        return Verdict(chosen.name, chosen.owner, "traceback", f"{chosen.name}: the valid call fails", told, plain)
    found, error, told = execute(code)
    if isinstance(error, Hang):
        return Verdict(chosen.name, chosen.owner, "hang", f"{chosen.name} {name}: hang", told, code)
    if error is not None:
        what = "wrong refusal" if isinstance(error, world.NascoreError) else "traceback"
        return Verdict(chosen.name, chosen.owner, what, f"{chosen.name} {name}: numpy's refused", told, code)
    if wanted != found:
        why = f"{found[:150]} instead of {wanted[:150]}"
        return Verdict(chosen.name, chosen.owner, "another result", f"{chosen.name} {name}: numpy's differs", why, code)
    return Verdict(chosen.name, chosen.owner, FINE)


# -- running a line ---------------------------------------------------------------------------------------------------
def execute(code: str) -> tuple[str, BaseException | None, str]:
    """What the last statement gives, as text to compare; the exception; and where it came from."""
    names = dict(SPACE)

    def run():
        tree = ast.parse(code)
        last = tree.body.pop()
        assert isinstance(last, ast.Expr)
        exec(compile(tree, "<case>", "exec"), names)
        return fingerprint(eval(compile(ast.Expression(last.value), "<case>", "eval"), names))

    return execute_call(run)


def execute_call(run) -> tuple[str, BaseException | None, str]:
    """What `run()` gives, its exception, and where that came from."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run(), None, ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return "", error, f"{_line(error)}{last_line(error)}"


def _line(error: BaseException) -> str:
    try:
        return " ".join(f"{type(error).__name__}: {error}".split())[:600]
    except Exception:
        return type(error).__name__


def last_line(error: BaseException) -> str:
    """The place in nascore that raised, else the last one."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/nascore/" in frame.filename and "/tests/" not in frame.filename]
    if not ours:
        return ""
    frame = ours[-1]
    return f" at nascore/{frame.filename.split('/nascore/')[-1]}:{frame.name}"


def fingerprint(value: Any) -> str:
    """What a result says, with the types of what it records, as one text."""
    from nascore.search.state import plain

    if isinstance(value, (type(None), bool, int, float, str, bytes)) and type(value).__module__ == "builtins":
        return repr(value)
    if type(value) is np.float64:  # a float in every respect
        return repr(float(value))
    if isinstance(value, np.generic):
        return f"{type(value).__name__}({value!r})"
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.tolist()}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__}[{', '.join(map(fingerprint, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {fingerprint(each)}' for key, each in value.items())}}}"
    if isinstance(value, world.torch.Tensor):
        return f"tensor{value.tolist()}"
    if isinstance(value, world.torch.nn.Module):
        total = hashlib.sha256()
        for key, each in value.state_dict().items():
            total.update(key.encode() + each.detach().cpu().numpy().tobytes())
        return (
            f"{type(value).__name__} {total.hexdigest()} {json.dumps(getattr(value, 'settings', None), default=list)}"
        )
    if isinstance(value, world.pd.DataFrame):
        kept = [name for name in value.columns if name not in ("seconds", "wall_s", "cpu_s")]
        return fingerprint(
            [
                [type(each).__name__, each] if isinstance(each, np.generic) else each
                for name in kept
                for each in [name, *value[name].tolist()]
            ]
        )
    if isinstance(value, world.nc.spaces.Space):
        return f"{type(value).__name__} {json.dumps(value.identity())} {value.size}"
    if isinstance(value, world.nc.benchmarks.TabularBenchmark):
        return json.dumps(value.identity())
    if isinstance(value, world.nc.search.Search):
        return f"{json.dumps(plain(value.settings()))} {value.seed!r} {value!r}"
    if isinstance(value, oneshot_strategy()):
        return f"{type(value).__name__} {json.dumps(value.settings)} {value.seed!r}"
    if isinstance(value, world.oneshot.SearchLog):
        return f"{json.dumps(value.settings)} {fingerprint(value.frame)}"
    if isinstance(value, world.nc.Oracle):
        return fingerprint(value.history) + json.dumps(value._header())
    if hasattr(value, "history"):
        return fingerprint(value.history)
    if hasattr(value, "frame"):
        return fingerprint(value.frame)
    if hasattr(value, "__dataclass_fields__"):
        return f"{type(value).__name__}{fingerprint([getattr(value, name) for name in value.__dataclass_fields__])}"
    return type(value).__name__


def oneshot_strategy():
    return world.oneshot.Strategy


__all__ = ["FAILURES", "FINE", "Hang", "Verdict", "describe", "prepare", "replace", "run"]
