"""A project in miniature: one solution notebook with exercises of a few lines, whose checks need no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

CHECKS = '''\
"""Checks as the package's, without torch, so that a kernel is ready in a second."""

import json
import os


def make(number, right):
    def check(function):
        try:
            outcome = "done" if right(function() if callable(function) else function) else "wrong"
        except NotImplementedError:
            outcome = "to do"
        if os.environ.get("DGNET_RESULTS"):
            with open(os.environ["DGNET_RESULTS"], "a") as file:
                file.write(json.dumps({"exercise": number, "outcome": outcome, "message": "said " + outcome}) + "\\n")
        print(outcome)

    return check


check_one, check_two = make("90.1", lambda x: x == 1), make("90.2", lambda x: x == 2)
check_three, check_four = make("90.3", lambda x: x == 3), make("90.4", lambda x: x == 4)
check_five = make("90.5", lambda x: x == 5)
'''

NAMES = ("one", "two", "three", "four", "five")


def header(number: int, *, lesson: str = "90", tags: list[str] | None = None) -> nbformat.NotebookNode:
    """The text cell of an exercise."""
    name = NAMES[number - 1].capitalize()
    facts = "Difficulty ●●○○○ · Importance ●●●●○ · 5 minutes · eq. (1)"
    text = f"### Exercise {lesson}.{number} · {name}\n{facts}\n\nReturn the number."
    return nbformat.v4.new_markdown_cell(text, id=f"header-{number}", metadata={"tags": tags} if tags else {})


def code(source: str, name: str, **metadata: list[str]) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata)


def exercise(number: int) -> list[nbformat.NotebookNode]:
    """The three cells of an exercise: a function that returns its number."""
    name = NAMES[number - 1]
    answer = f'def {name}():\n    """Its number."""\n    ### BEGIN SOLUTION\n    return {number}\n    ### END SOLUTION'
    check = f"from quick_checks import check_{name}\n\ncheck_{name}({name})"
    return [header(number), code(answer, f"answer-{number}"), code(check, f"check-{number}")]


def opening() -> list[nbformat.NotebookNode]:
    """The first cells of a lesson."""
    text = "# 90 · A lesson\n\n<!-- measured --><!-- /measured -->"
    parameters = 'profile: str = "toy"\nseed: int = 0'
    return [
        nbformat.v4.new_markdown_cell(text, id="opening"),
        code(parameters, "parameters", tags=["parameters"]),
    ]


Write = Callable[..., Path]


def new_project(folder: Path, environment: pytest.MonkeyPatch) -> Write:
    """Writes folder/project/solutions/90_fake.ipynb of the cells given, by default an opening and five exercises."""
    (folder / "quick_checks.py").write_text(CHECKS, encoding="utf-8")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment.setenv("PYTHONPATH", os.pathsep.join(paths))

    def write(*cells: nbformat.NotebookNode, folder_name: str = "solutions", name: str = "90_fake") -> Path:
        book = nbformat.v4.new_notebook()
        book.cells = list(cells) or [*opening(), *(cell for n in range(1, 6) for cell in exercise(n))]
        path = folder / "project" / folder_name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)
        return path

    return write


@pytest.fixture
def write_solution(tmp_path, monkeypatch) -> Write:
    """`new_project` for one test."""
    return new_project(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def write_for_all(tmp_path_factory) -> Iterator[Write]:
    """`new_project` for the tests of a module."""
    with pytest.MonkeyPatch.context() as environment:
        yield new_project(tmp_path_factory.mktemp("course"), environment)


@pytest.fixture(scope="session")
def cells():
    """The parts that lessons are made of: opening(), header(n), exercise(n), code(source, id)."""

    class Cells:
        pass

    Cells.opening, Cells.header, Cells.exercise, Cells.code = map(staticmethod, (opening, header, exercise, code))
    return Cells
