"""Rules that every lesson and every exercise of the course keeps."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import dgnet_lite.course.checks  # noqa: F401 - fills EXERCISES
from dgnet_lite.course import ROOT, budgets
from dgnet_lite.course.books import headers, lesson_paths, read_book
from dgnet_lite.course.build import build
from dgnet_lite.course.checks.core import EXERCISES
from dgnet_lite.course.run import LARGEST, find

LESSONS = [path for path in find(ROOT, []) if path.parent.name == "notebooks"]
SOLUTIONS = lesson_paths(ROOT / "solutions")
STORED = [*LESSONS, *SOLUTIONS]


def of_notebooks(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[budgets.name_of(path) for path in paths])


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read_book(path).cells if cell.cell_type == "code"]


def outputs(path: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells(path) for output in cell.outputs]


def test_exercises_and_the_teachers_tables_are_up_to_date():
    pytest.importorskip("nbgrader", reason="of the dev extra; it makes the exercises")
    assert build(ROOT, check=True) == []


@of_notebooks(SOLUTIONS)
def test_an_exercises_title_is_that_of_its_check(path):
    written = {header.number: header.title for header in headers(path, read_book(path))}
    checks = {number: each.title for number, each in EXERCISES.items() if number[:2] == path.stem[:2]}
    assert written == checks


def test_every_check_has_its_exercise():
    assert {number[:2] for number in EXERCISES} <= {path.stem[:2] for path in SOLUTIONS}


@of_notebooks(LESSONS)
def test_a_lesson_has_an_output_that_is_compared(path):
    assert any("# NBVAL_CHECK_OUTPUT" in cell.source and cell.outputs for cell in code_cells(path))


@of_notebooks(STORED)
def test_the_opening_cell_shows_the_measured_cost(path):
    costs = budgets.load(ROOT).get(budgets.name_of(path), {})
    assert set(costs) == {"smoke", "toy"}
    assert budgets.line(costs) in read_book(path).cells[0].source


@of_notebooks(STORED)
def test_a_stored_notebook_is_executed_to_its_end(path):
    assert [cell.id for cell in code_cells(path) if cell.execution_count is None] == []
    assert [output for output in outputs(path) if output.output_type == "error"] == []


@of_notebooks(STORED)
def test_a_stored_notebook_is_small_enough_to_be_shown_on_the_web(path):
    assert path.stat().st_size < LARGEST


@of_notebooks(STORED)
def test_every_picture_has_an_alternative_text(path):
    pictures = [output for output in outputs(path) if "image/png" in output.get("data", {})]
    assert [output.metadata for output in pictures if not output.metadata.get("image/png", {}).get("alt")] == []
