"""How the tests run notebooks: foreign folder, strict solutions, budgets, outcomes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from dgnet_lite.course import budgets
from dgnet_lite.course.budgets import Cost, fixed_work
from dgnet_lite.course.build import build

pytestmark = pytest.mark.slow

WHERE = "from pathlib import Path\n\nassert not list(Path.cwd().glob('*.ipynb'))"


class Report(NamedTuple):
    text: str
    outcomes: dict[str, str]
    """PASSED, FAILED or SKIPPED by "folder/NN::test"."""


@pytest.fixture(scope="module")
def report(write_for_all, cells) -> Report:
    """A course with something of everything, run once as `make test` runs it.

    In notebooks/, 81 is in order, 82 has no budget, 83 one that is off, of 84 one cell is left out. The exercise 85 is
    in order; the solution of 86 is wrong, and its exercise gives an answer away.
    """
    right, off = Cost(0.02, 100, fixed_work()), Cost(3.0, 100, fixed_work())
    for name, budget in (("81_read", right), ("82_none", None), ("83_off", off), ("84_part", off)):
        path = write_for_all(*cells.opening(), cells.code(WHERE, "where"), folder_name="notebooks", name=name)
        root = path.parents[1]
        if budget:
            budgets.record(root, path, "smoke", budget)
    path = write_for_all(*cells.opening(), *cells.exercise(1), name="90_right")
    budgets.record(root, path, "smoke", right)
    build(root)
    for folder, answer in (("solutions", 7), ("exercises", 1)):
        solved = cells.code(f"def one():\n    return {answer}", "answer-1")
        write_for_all(cells.header(1), solved, cells.exercise(1)[2], folder_name=folder, name="90_wrong")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "dgnet_lite.course.nbval_plugin"]
    command += [
        "--nbval-lax",
        "--nbval-current-env",
        "--color=no",
        "-v",
        "--deselect",
        "notebooks/84_part.ipynb::Cell 1",
    ]
    environment = {**os.environ, "DGNET_PROFILE": "smoke"}
    done = subprocess.run(
        [*command, "notebooks", "solutions", "exercises"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(\S+?)(?:\.|::)ipynb::(.*?) (PASSED|FAILED|SKIPPED|ERROR)", done.stdout, re.MULTILINE)
    return Report(done.stdout, {f"{book}::{test.strip()}": outcome for book, test, outcome in found})


def test_notebooks_run_in_a_folder_that_is_not_theirs(report):
    assert report.outcomes["notebooks/81_read::Cell 1"] == "PASSED"


def test_a_budget_that_is_kept_passes(report):
    assert report.outcomes["notebooks/81_read::budget"] == "PASSED"


def test_a_missing_budget_fails_with_the_command_that_makes_it(report):
    assert report.outcomes["notebooks/82_none::budget"] == "FAILED"
    assert "82_none.ipynb has no budget for the profile smoke: python -m dgnet_lite.course run 82_none" in report.text


def test_a_budget_that_is_off_fails_with_both_numbers(report):
    assert report.outcomes["notebooks/83_off::budget"] == "FAILED"
    assert re.search(r"83_off.ipynb, smoke: 0\.0\d+ CPU minutes where the budget is \d", report.text)


def test_a_notebook_of_which_a_cell_was_left_out_is_not_judged(report):
    assert report.outcomes["notebooks/84_part::budget"] == "SKIPPED"


def test_a_right_solution_and_its_untouched_exercise_pass(report):
    outcomes = {name: outcome for name, outcome in report.outcomes.items() if "90_right" in name}
    assert len(outcomes) == 9
    assert set(outcomes.values()) == {"PASSED"}


def test_a_wrong_solution_fails(report):
    assert report.outcomes["solutions/90_wrong::outcomes"] == "FAILED"
    assert "every exercise must come out as 'done', but {'90.1': 'wrong'}" in report.text


def test_an_exercise_that_gives_its_answer_away_fails(report):
    assert report.outcomes["exercises/90_wrong::outcomes"] == "FAILED"
    assert "every exercise must come out as 'to do', but {'90.1': 'done'}" in report.text
