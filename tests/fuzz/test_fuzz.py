"""A small seeded sample of the fuzz, and that the fuzz sees what it is to see; large by hand: `make fuzz`."""

from __future__ import annotations

import os

import pytest

from tests.fuzz import cases, entries, files, workers, world
from tests.fuzz.entry import ENTRIES, Entry, P
from tests.fuzz.kinds import ACCEPT, EITHER, REFUSE, Arch, Choice, Flag, Float, Int, Names
from tests.fuzz.summary import Summary

SEED, PART = 1, 60
# entries of which some hostile values still lead to a foreign exception or are taken: `make fuzz` tries and counts them
OPEN: set[str] = set()


@pytest.fixture(scope="module", autouse=True)
def quiet_places(tmp_path_factory):
    """Nothing is downloaded, and nothing of the repository's own is overwritten."""
    home, before = tmp_path_factory.mktemp("fuzz"), dict(os.environ)
    os.environ |= {
        "NASCORE_MIRROR": str(home / "no-mirror"),
        "NASCORE_CACHE": str(home / "cache"),
        "NASCORE_FIGURES": str(home / "figures"),
    }
    cases.prepare()
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("part", range(5))
def test_a_sample_of_hostile_calls_and_damaged_files(part):
    found = Summary()
    for verdict in workers.run_all(range(part * PART, (part + 1) * PART), SEED, 1, quick=True):
        if verdict.entry not in OPEN:
            found.add(verdict)
    assert not found.failures, "\n".join(found.lines())


def test_every_entry_answers_its_valid_call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = []
    for each in ENTRIES:
        if not each.quick or each.owner == "notebooks":  # these have a test of their own
            continue
        needed = {name: p.valid for name, p in each.params.items() if p.needed}
        _, error, told = cases.execute(each.code(needed))
        if error is not None and each.twin:
            wrong.append(f"{each.name}: {each.code(needed)} -> {told}")
    assert not wrong, "\n".join(wrong)


def test_what_is_left_out_of_the_sample_exists():
    assert {each.name for each in ENTRIES} | {each.entry for each in files.FILES} >= OPEN


def test_every_file_is_read_when_it_is_sound():
    for each in files.FILES:
        contents, said = files.valid(each)
        assert each.name in contents, each.entry
        assert said, each.entry


# -- that it sees what it is to see -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kind", "value", "what"),
    [
        ("nc.checks.whole('x', {x}, 1)", Int(1), "True", "fine"),
        ("nc.checks.whole('x', {x}, 1)", Int(1), "np.int64(3)", "fine"),
        ("int({x})", Int(1), "True", "wrong acceptance"),
        ("int({x})", Int(1), "'a'", "traceback"),
        ("nc.checks.whole('x', {x}, 5)", Int(1), "np.int64(3)", "wrong refusal"),
        ("nc.checks.whole('y', int({x}) + 9, 50)", Int(9), "7", "unnamed"),
        ("nc.checks.whole('x', {x}, 1) and fails()", Int(1), "3", "fine"),
        ("str({x})", Int(1), "BadRepr()", "traceback"),
    ],
)
def test_verdicts(text, kind, value, what):
    made = Entry("toy", "toy", text, {"x": P(kind, "1")})
    found = cases.judged(made, {"x": value}, {"x": kind.judge(eval(value, dict(cases.SPACE)))})
    assert found.what == what, found


def test_a_call_that_does_not_end_is_a_hang(monkeypatch):
    endless = Entry("endless", "toy", "[0 for _ in itertools.count() if {x} is None]", {"x": P(Flag(), "True")})
    monkeypatch.setattr(cases, "ENTRIES", [endless])
    monkeypatch.setattr(cases, "FILE_SHARE", 0.0)
    monkeypatch.setattr(workers, "SECONDS", 0.1)
    (found,) = workers.run_all([0], SEED, 1)
    assert found.what == "hang"


def test_a_worker_that_dies_is_a_failure_and_the_others_go_on(monkeypatch):
    deadly = Entry("deadly", "toy", "os._exit(3) or {x}", {"x": P(Flag(), "True")})
    monkeypatch.setattr(cases, "ENTRIES", [deadly])
    monkeypatch.setattr(cases, "FILE_SHARE", 0.0)
    found = list(workers.run_all(range(3), SEED, 1))
    assert [each.what for each in found] == ["traceback"] * 3


def test_a_file_that_reads_as_another_one_is_a_wrong_acceptance():
    def make(folder):
        (folder / "toy.txt").write_text("123")

    file = files.File("toy", "toy", "toy.txt", make, lambda folder: (folder / "toy.txt").read_text())
    assert files.verdict_of(file, "edited", b"124").what == "wrong acceptance"
    assert files.verdict_of(file, "edited", b"123").what == "fine"
    assert files.verdict_of(file, "edited", b"\xff").what == "traceback"


@pytest.mark.parametrize(
    ("kind", "value", "verdict"),
    [
        (Int(1, 5), True, REFUSE), (Int(1, 5), 3.0, REFUSE), (Int(1, 5), world.np.uint8(3), ACCEPT),
        (Float(0), float("nan"), REFUSE), (Float(0), world.np.float32(1), ACCEPT), (Float(0), True, REFUSE),
        (Choice("a"), "b", REFUSE), (Choice("a"), world.np.str_("a"), ACCEPT), (Choice(0, 1), False, REFUSE),
        (Flag(), 1, REFUSE), (Arch(2, 3), (0, 2), ACCEPT), (Arch(2, 3), (0, 3), REFUSE), (Arch(2, 3), {0, 1}, REFUSE),
        (Arch(2, 3), (0.0, 1.0), REFUSE), (Arch(2, 3), "01", REFUSE), (Names(1), "ab", REFUSE),
        (Int(1, 5), 6, REFUSE), (Names(1), ("a", "a"), REFUSE),
        (Arch(2, 3), iter((0, 1)), EITHER),
    ],
)  # fmt: skip
def test_kinds(kind, value, verdict):
    assert kind.judge(value) == verdict


def test_a_case_is_the_same_every_time():
    first, again = (workers.one(SEED, 5, True) for _ in range(2))
    assert (first.code, first.what) == (again.code, again.what)
    assert entries.PARTS
