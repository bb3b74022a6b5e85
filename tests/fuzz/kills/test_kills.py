"""A few kills, at calls and in writes that a number names, not by the clock. Many: `python -m tests.fuzz.kills`."""

from __future__ import annotations

import json
import random
import sys

import pytest

from tests.fuzz.kills import reproducing, scenes

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, /proc and SIGXFSZ")
WAYS = ("call", "write")


@pytest.mark.parametrize(("name", "kills"), [("oracle", 6), ("one-shot", 3)])
def test_what_was_finished_survives_a_kill(name, kills, tmp_path):
    tally = scenes.kill(name, kills, random.Random(1), tmp_path / name, WAYS)
    assert tally.kills == kills
    assert tally.clean, tally


def test_two_oracles_on_one_log_do_nothing_twice(tmp_path):
    tally = scenes.two_oracles(tmp_path / "two")
    assert tally.clean, tally


def test_a_killed_reproduce_loses_no_row_and_leaves_no_worker(tmp_path):
    tally = reproducing.kill(1, random.Random(1), tmp_path)
    assert tally.kills == 1
    assert tally.clean, tally


def test_two_runners_on_one_store_do_nothing_twice(tmp_path):
    tally = reproducing.two_runners(tmp_path)
    assert tally.clean, tally


def test_these_tests_see_a_lost_row(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    scenes.oracle_run(whole)
    log = whole / "oracle.log"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-1]))
    tally = scenes.Tally()
    scenes.oracle_after(whole, tally)
    assert tally.lost == 1
    log.write_text("".join([*lines, lines[1]]))
    tally = scenes.Tally()
    scenes.oracle_after(whole, tally)
    assert tally.doubled == 1
    assert json.loads(lines[1])
