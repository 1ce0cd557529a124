"""Grade a folder of students' notebooks: which exercise is done, wrong, or to do.

    python -m dgnet_lite.course grade handed_in --out grades.csv

The folder holds handed_in/STUDENT/01_person_reid.ipynb or handed_in/STUDENT_01_person_reid.ipynb. Each notebook runs in
a kernel of its own in a scratch folder, with the profile `smoke`. The cells that check are taken from exercises/, as
are cells that are missing. A cell that raises, hangs, or ends the kernel costs what depends on it and no more.

The kernel is a process of yours and no prison: grade on a machine, or in a container, where nothing can be lost. A
student who sets out to deceive the checks from within the same process can; read what is too good.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dgnet_lite.course.books import BookError, check_cells, headers, lesson_paths, read_book
from dgnet_lite.course.checks.core import DONE, TO_DO, WRONG
from dgnet_lite.course.kernel import Kernel
from dgnet_lite.course.run import environment
from dgnet_lite.training.checkpoint import write_whole

TIME_LIMIT = 60
OWN_TIME_LIMIT = 600
"""Seconds for a cell of the exercise notebook that the student left as it was, which may import torch and draw data."""


@dataclass(frozen=True)
class Grade:
    """What became of an exercise: its outcome, and what the check said, or why there was no answer."""

    student: str
    exercise: str
    outcome: str
    message: str


@dataclass(frozen=True)
class Submission:
    student: str
    lesson: str
    path: Path


def find_submissions(folder: Path, lessons: list[str]) -> tuple[list[Submission], list[str]]:
    """The students' notebooks, and complaints about files that are none or stand twice."""
    found: dict[tuple[str, str], Submission] = {}
    complaints = []
    for path in sorted(folder.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        lesson = next((name for name in lessons if path.stem == name or path.stem.endswith(f"_{name}")), None)
        inside = path.relative_to(folder).parts[:-1]
        student = path.stem.removesuffix(lesson).rstrip("_") if lesson else ""
        student = student or (inside[0] if inside else "")
        if not lesson or not student:
            complaints.append(f"{path}: left out; the name must be STUDENT/NN_lesson.ipynb or STUDENT_NN_lesson.ipynb")
        elif (student, lesson) in found:
            complaints.append(f"{path}: left out; {found[student, lesson].path} is {student}'s {lesson}, too")
        else:
            found[student, lesson] = Submission(student, lesson, path)
    return list(found.values()), complaints


def merge(official: NotebookNode, handed_in: NotebookNode, checks: set[str]) -> list[NotebookNode]:
    """The code cells to run: the exercise's in its order, each as the student left it, but the checks as they were.

    A cell is found by its id, else by what it is or defines (some programs do not keep ids). Cells that a student added
    run after the cell of the exercise that they follow.

    Args:
        official: the exercise notebook.
        handed_in: the student's.
        checks: ids of the cells of the exercise notebook that check.
    """
    own = [cell for cell in handed_in.cells if cell.cell_type == "code"]
    cells = [cell for cell in official.cells if cell.cell_type == "code"]
    place_of: dict[str, int] = {}
    taken: set[int] = set()
    for same in (_same_id, _same_content):
        for cell in cells:
            if cell.id in place_of:
                continue
            place = next((k for k, other in enumerate(own) if k not in taken and same(cell, other)), None)
            if place is not None:
                place_of[cell.id] = place
                taken.add(place)
    added: dict[int | None, list[NotebookNode]] = {}
    before: int | None = None
    for k, cell in enumerate(own):
        if k in taken:
            before = k
        else:
            added.setdefault(before, []).append(cell)
    merged = added.get(None, [])
    for cell in cells:
        place = place_of.get(cell.id)
        source = cell.source if place is None or cell.id in checks else own[place].source
        merged.append(nbformat.v4.new_code_cell(source, id=cell.id))
        merged += added.get(place, []) if place is not None else []
    return merged


def _same_id(official: NotebookNode, other: NotebookNode) -> bool:
    return official.id == other.id


def _same_content(official: NotebookNode, other: NotebookNode) -> bool:
    defined = _defined(official.source)
    return official.source == other.source or bool(defined & _defined(other.source))


def _defined(source: str) -> set[str]:
    """Functions and classes that a cell defines, and names that it gives to be filled in."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    names = {n.name for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    if "your code here" in source:
        names |= {t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    return names


def grade_notebook(submission: Submission, exercises: Path, time_limit: float = TIME_LIMIT) -> Iterator[Grade]:
    """The grade of each exercise of a student's notebook.

    Raises BookError: the exercise notebook itself cannot be read.
    """
    official_path = exercises / f"{submission.lesson}.ipynb"
    official = read_book(official_path)
    found = headers(official_path, official)
    checks = {cell.id: number for number, cell in check_cells(official, found).items()}
    untouched = {cell.source for cell in official.cells}
    try:
        cells = merge(official, read_book(submission.path), set(checks))
    except BookError as error:
        yield from (Grade(submission.student, number, TO_DO, str(error)) for number in checks.values())
        return
    with tempfile.TemporaryDirectory(prefix="dgnet-grade-", ignore_cleanup_errors=True) as folder:
        results = Path(folder, "results.jsonl")
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        settings = {"DGNET_RESULTS": str(results), "DGNET_STRICT": None, "DGNET_PROFILE": "smoke"}
        settings |= {"DGNET_PROGRESS": "off", "JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        with environment(**settings):
            kernel = Kernel(scratch)
            try:
                trouble = ""
                for cell in cells:
                    results.write_text("", encoding="utf-8")
                    ours = cell.source in untouched and cell.id not in checks
                    seconds = max(time_limit, OWN_TIME_LIMIT) if ours else time_limit
                    said = kernel.run(cell.source, seconds, again=cell.id not in checks)
                    if cell.id in checks:
                        yield _grade(submission.student, checks[cell.id], results, said, trouble)
                        trouble = ""
                    else:
                        trouble = trouble or said
            finally:
                kernel.close()


def _grade(student: str, number: str, results: Path, said: str, trouble: str) -> Grade:
    """From what the check recorded while its cell ran; without a record, the answer had kept it from coming so far."""
    for line in results.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError, KeyError, TypeError):
            outcome = json.loads(line)
            if outcome["exercise"] == number and outcome["outcome"] in (DONE, WRONG, TO_DO):
                before = f"\nbefore the check: {trouble}" if trouble else ""
                return Grade(student, number, outcome["outcome"], f"{outcome['message']}{before}")
    message = "\nbefore the check: ".join(filter(None, [said, trouble]))
    return Grade(student, number, WRONG, message or "the check did not come to an end")


def grade(folder: Path, root: Path, out: Path, time_limit: float = TIME_LIMIT) -> int:
    """Grade all notebooks of the folder into the table `out`, and what was said into OUT_messages.csv.

    Returns how many notebooks were graded. After each notebook both files are written anew, so that an interruption
    leaves what was graded so far.
    """
    exercises = root / "exercises"
    lessons = [path.stem for path in lesson_paths(exercises)]
    if not folder.is_dir():
        raise BookError(f"no folder {folder}")
    if not lessons:
        raise BookError(f"no exercises in {exercises}: python -m dgnet_lite.course build")
    submissions, complaints = find_submissions(folder, lessons)
    print(*complaints, sep="\n", end="\n" if complaints else "")
    grades: list[Grade] = []
    for count, submission in enumerate(submissions, start=1):
        print(f"[{count}/{len(submissions)}] {submission.student}, {submission.lesson} ... ", end="", flush=True)
        own = list(grade_notebook(submission, exercises, time_limit))
        grades += own
        print(", ".join(f"{sum(g.outcome == o for g in own)} {o}" for o in (DONE, WRONG, TO_DO)), flush=True)
        write_tables(grades, out)
    return len(submissions)


def write_tables(grades: list[Grade], out: Path) -> None:
    """A row for each exercise and a column for each student; a lesson that a student did not hand in is "to do"."""
    students = sorted({grade.student for grade in grades})
    outcomes = {(grade.exercise, grade.student): grade.outcome for grade in grades}
    table = [["exercise", *students]]
    for number in sorted({grade.exercise for grade in grades}, key=lambda n: [int(part) for part in n.split(".")]):
        table.append([number, *(outcomes.get((number, student), TO_DO) for student in students)])
    _write_csv(out, table)
    messages = [["student", "exercise", "outcome", "message"]]
    messages += [[g.student, g.exercise, g.outcome, g.message] for g in grades]
    _write_csv(out.with_name(f"{out.stem}_messages.csv"), messages)


def _write_csv(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(path, lambda file: file.write(text.getvalue().encode("utf-8")))
