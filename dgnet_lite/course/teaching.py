"""The tables of the teacher's page, notebooks/TEACHING.md, made of the notebooks."""

from __future__ import annotations

import math
import re
from pathlib import Path

from dgnet_lite.course import budgets
from dgnet_lite.course.books import BookError, Header, headers, lesson_paths, read_book

LESSONS: dict[str, str] = {
    "00_start_here": "start here: the course in pictures",
    "01_person_reid": "person re-identification and how it is scored",
    "02_baseline_teacher": "the baseline, our teacher",
    "03_two_codes": "appearance and structure",
    "04_adain_generator": "the generator",
    "05_patchgan": "the discriminator",
    "06_self_identity": "self-identity generation",
    "07_cross_identity": "cross-identity generation",
    "08_primary_feature": "the primary feature",
    "09_fine_grained": "fine-grained features",
    "10_joint_training": "joint training",
    "11_judging_images": "judging images",
    "12_judging_features": "judging features",
    "13_full_training": "full training",
    "14_ablation_table": "the table of ablations",
    "15_beyond": "beyond the paper",
}
"""All lessons of the course, those that are still to be written among them."""

WORDS_A_MINUTE = 150
GRADABLE = "yes"


def page_of(root: Path) -> Path:
    return root / "notebooks" / "TEACHING.md"


def fill_in(text: str, root: Path) -> str:
    """The page with its two tables renewed.

    Raises BookError: the page lacks the markers of a table.
    """
    for name, table in (("lessons", lessons_table(root)), ("exercises", exercises_table(root))):
        begin, end = f"<!-- {name}: made by build -->", f"<!-- end of {name} -->"
        found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not found.search(text):
            raise BookError(f"{page_of(root)}: put {begin} and {end} around the table of {name}")
        text = found.sub(lambda _, b=begin, t=table, e=end: f"{b}\n\n{t}\n\n{e}", text)
    return text


ROW = re.compile(r"^(\| \[(?P<number>\d\d)\b[^|]*\|[^|]*\|)[^|]*\|$", re.M)
TOTAL = re.compile(r"^(\| +\| in all[^|]*\|)[^|]*\|$", re.M)


def fill_map(text: str, root: Path) -> str:
    """A map of the lessons with its third column renewed: minutes to read and to exercise, and of computing.

    A row of the map is one whose first cell links to a lesson, "| [07 ...](...) | ... | |"; the sum goes into the row
    "| | in all | |".
    """
    here = {path.stem[:2]: path for path in lesson_paths(root / "notebooks")}
    costs = budgets.load(root)
    reading = exercising = exercises = 0
    computing = 0.0

    def row(match: re.Match[str]) -> str:
        nonlocal reading, exercising, exercises, computing
        path = here.get(match["number"])
        if path is None:
            raise BookError(f"the map links to lesson {match['number']}, which is not in notebooks/: unlink it")
        own, toy = exercises_of(root, path.stem), costs.get(f"notebooks/{path.stem}", {}).get("toy")
        minutes = sum(e.minutes for e in own)
        parts = [f"read {reading_minutes(path)} min"]
        parts += [f"{len(own)} exercises {minutes} min"] if own else []
        parts += [f"computing {budgets.duration(toy.cpu_minutes)}"] if toy else []
        reading, exercising, exercises = reading + reading_minutes(path), exercising + minutes, exercises + len(own)
        computing += toy.cpu_minutes if toy else 0
        return f"{match[1]} {', '.join(parts)} |"

    def total(match: re.Match[str]) -> str:
        said = f"read {hours(reading)}, {exercises} exercises {hours(exercising)}, "
        return f"{match[1]} {said}computing {budgets.duration(computing)} |"

    return TOTAL.sub(total, ROW.sub(row, text))


def hours(minutes: int) -> str:
    return f"{minutes / 60:.1f} h"


def reading_minutes(path: Path) -> int:
    """Minutes for the words of a notebook, text and code, in steps of five."""
    words = sum(len(cell.source.split()) for cell in read_book(path).cells)
    return 5 * math.ceil(words / WORDS_A_MINUTE / 5)


def exercises_of(root: Path, lesson: str) -> list[Header]:
    """The exercises of a lesson; none when it has no notebook in solutions/."""
    path = root / "solutions" / f"{lesson}.ipynb"
    return headers(path, read_book(path)) if path.is_file() else []


def lessons_table(root: Path) -> str:
    """A row for each lesson: its minutes, and what it takes of the computer."""
    costs = budgets.load(root)
    here = {path.stem: path for path in lesson_paths(root / "notebooks")}
    rows = ["| lesson | | reading | exercises | computing (toy) |", "|---|---|--:|--:|--:|"]
    for name, title in {**LESSONS, **{name: name for name in here if name not in LESSONS}}.items():
        if name not in here:
            rows.append(f"| {name[:2]} | {title} | *not there yet* | | |")
            continue
        own = exercises_of(root, name)
        toy = costs.get(f"notebooks/{name}", {}).get("toy")
        rows.append(
            f"| [{name[:2]}]({name}.ipynb) | {title} | {reading_minutes(here[name])} min"
            f" | {f'{len(own)}, {sum(e.minutes for e in own)} min' if own else 'none'}"
            f" | {budgets.duration(toy.cpu_minutes) if toy else 'see there'} |"
        )
    return "\n".join(rows)


def exercises_table(root: Path) -> str:
    """A row for each exercise."""
    rows = ["| exercise | | difficulty | minutes | source | suits grading |", "|---|---|---|--:|---|---|"]
    for path in lesson_paths(root / "solutions"):
        for e in headers(path, read_book(path)):
            dots = "●" * e.difficulty + "○" * (5 - e.difficulty)
            grading = GRADABLE if e.for_grading else ""
            rows.append(f"| {e.number} | {e.title} | {dots} | {e.minutes} | {e.source} | {grading} |")
    return "\n".join(rows) if len(rows) > 2 else "*No exercises yet.*"
