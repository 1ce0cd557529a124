"""The teacher's page: its tables, and that its text knows every lesson."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dgnet_lite.course.books import BookError
from dgnet_lite.course.budgets import Cost, record
from dgnet_lite.course.build import build
from dgnet_lite.course.teaching import LESSONS, fill_in, fill_map, lessons_table, page_of, reading_minutes

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")

EMPTY = """
<!-- lessons: made by build -->
<!-- end of lessons -->
<!-- exercises: made by build -->
<!-- end of exercises -->
"""


def section(title: str) -> str:
    """A part of the page, from its heading to the next."""
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("course", ["Six weeks, one meeting a week", "Two days"])
def test_the_syllabus_has_a_place_for_every_lesson(course):
    named = set(re.findall(r"\b\d\d\b", section(course)))
    assert named >= {name[:2] for name in LESSONS}


def test_the_lessons_of_the_page_are_those_of_the_folder():
    here = {path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert here <= set(LESSONS)


def test_a_lesson_that_is_not_there_is_said_to_be_missing(tmp_path):
    assert lessons_table(tmp_path).count("*not there yet*") == len(LESSONS)


def test_the_table_adds_up_the_minutes_of_a_lessons_exercises(write_solution):
    write_solution(folder_name="notebooks")
    path = write_solution()
    assert "| 5, 25 min |" in lessons_table(path.parents[1])


def test_an_exercise_that_suits_grading_is_marked(write_solution, cells):
    path = write_solution(cells.header(1, tags=["for-grading"]), *cells.exercise(1)[1:], *cells.exercise(2))
    text = fill_in(EMPTY, path.parents[1])
    assert "| 90.1 | One | ●●○○○ | 5 | eq. (1) | yes |" in text
    assert "| 90.2 | Two | ●●○○○ | 5 | eq. (1) |  |" in text


def test_a_page_that_is_out_of_date_is_found_and_renewed(write_solution):
    path = write_solution()
    page = page_of(path.parents[1])
    page.parent.mkdir()
    page.write_text(EMPTY, encoding="utf-8")
    assert build(path.parents[1], check=True) != []
    assert build(path.parents[1]) == []
    assert build(path.parents[1], check=True) == []


def test_a_page_without_the_marks_of_a_table_is_refused(tmp_path):
    with pytest.raises(BookError, match="around the table of exercises"):
        fill_in(EMPTY.replace("<!-- end of exercises -->", ""), tmp_path)


MAP = """| | lesson | minutes |
|---|---|---|
| [90](notebooks/90_fake.ipynb) | a lesson | old |
| 91 | being written | |
| | in all, on two cores | |
"""


def test_the_map_has_the_minutes_of_a_lesson_and_their_sum(write_solution):
    lesson = write_solution(folder_name="notebooks")
    root = write_solution().parents[1]
    record(root, lesson, "toy", Cost(2.5, 500, 0.1))
    minutes = reading_minutes(lesson)
    text = fill_map(MAP, root)
    assert f"| a lesson | read {minutes} min, 5 exercises 25 min, computing 2.5 minutes |" in text
    assert f"| in all, on two cores | read {minutes / 60:.1f} h, 5 exercises 0.4 h, computing 2.5 minutes |" in text
    assert "| 91 | being written | |" in text
    assert fill_map(text, root) == text


def test_a_map_that_links_to_no_lesson_is_refused(tmp_path):
    with pytest.raises(BookError, match="lesson 90, which is not in notebooks/"):
        fill_map(MAP, tmp_path)


def test_a_readme_whose_map_is_out_of_date_is_found_and_renewed(write_solution):
    write_solution(folder_name="notebooks")
    root = write_solution().parents[1]
    build(root)
    page_of(root).write_text(fill_in(EMPTY, root), encoding="utf-8")
    (root / "README.md").write_text(MAP, encoding="utf-8")
    assert [line.partition(": ")[2] for line in build(root, check=True)] == ["the map is not as the notebooks say"]
    assert build(root) == []
    assert build(root, check=True) == []
