"""Students' notebooks graded: each exercise by itself, whatever the others do."""

from __future__ import annotations

import copy
import csv
from pathlib import Path

import nbformat
import pytest

from dgnet_lite.course import kernel
from dgnet_lite.course.__main__ import main
from dgnet_lite.course.build import build
from dgnet_lite.course.grade import find_submissions, merge

FORGED = (
    "import json, os\n"
    "with open(os.environ['DGNET_RESULTS'], 'a') as file:\n"
    "    file.write(json.dumps({'exercise': '90.1', 'outcome': 'done', 'message': ''}))"
)


class Class:
    """A folder of students' notebooks, and its grades."""

    def __init__(self, solution: Path) -> None:
        self.root = solution.parents[1]
        build(self.root)
        self.official = nbformat.read(self.root / "exercises" / solution.name, as_version=4)
        self.folder = self.root.parent / "handed_in"

    def hand_in(self, student: str, **answers: str) -> nbformat.NotebookNode:
        """A copy of the exercise with cells changed: id with _ for - -> source."""
        book = copy.deepcopy(self.official)
        for cell in book.cells:
            cell.source = answers.get(cell.id.replace("-", "_"), cell.source)
        self.write(student, book)
        return book

    def write(self, student: str, book: nbformat.NotebookNode) -> None:
        path = self.folder / student / "90_fake.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)

    def grade(self, seconds: float = 20) -> dict[str, list[str]]:
        """Outcomes of exercises 1 to 5 by student."""
        out = self.root.parent / "grades.csv"
        arguments = ["grade", str(self.folder), "--out", str(out), "--time-limit", str(seconds)]
        assert main(["--root", str(self.root), *arguments]) == 0
        with out.open(newline="") as file:
            names, *rows = list(csv.reader(file))
        assert [row[0] for row in rows] == [f"90.{n}" for n in range(1, 6)]
        return {name: [row[k] for row in rows] for k, name in enumerate(names) if k}

    def messages(self) -> dict[tuple[str, str], str]:
        with (self.root.parent / "grades_messages.csv").open(newline="") as file:
            return {(row["student"], row["exercise"]): row["message"] for row in csv.DictReader(file)}


@pytest.fixture
def pupils(write_solution, monkeypatch) -> Class:
    monkeypatch.setattr(kernel, "STOP_SECONDS", 1)
    return Class(write_solution())


def test_three_right_one_wrong_and_one_endless_answer_are_told_apart(pupils):
    pupils.hand_in(
        "ann",
        answer_1="def one():\n    return 1",
        answer_2="def two():\n    while True:\n        pass",
        answer_3="def three():\n    return 3",
        answer_4="def four():\n    return 40",
        answer_5="def five():\n    return 5",
    )
    assert pupils.grade(4) == {"ann": ["done", "wrong", "done", "wrong", "done"]}
    assert pupils.messages()["ann", "90.2"] == "no end within 4 seconds: is there an endless loop?"


def test_an_untouched_notebook_is_to_do_and_a_solution_done(pupils):
    pupils.hand_in("ann")
    solution = nbformat.read(pupils.root / "solutions" / "90_fake.ipynb", as_version=4)
    pupils.write("bob", solution)
    assert pupils.grade() == {"ann": ["to do"] * 5, "bob": ["done"] * 5}


def test_a_loop_that_cannot_be_interrupted_and_a_dead_kernel_cost_their_exercises_alone(pupils):
    stubborn = "def two():\n    while True:\n        try:\n            while True:\n                pass\n"
    pupils.hand_in(
        "ann",
        answer_1="def one():\n    return 1",
        answer_2=stubborn + "        except KeyboardInterrupt:\n            pass",
        answer_3="import os\n\n\ndef three():\n    os._exit(1)",
        answer_4="def four():\n    return one() + 3",
    )
    assert pupils.grade(4) == {"ann": ["done", "wrong", "wrong", "done", "to do"]}
    assert pupils.messages()["ann", "90.3"] == "the code ended its Python process"


def test_forged_checks_are_not_believed(pupils):
    pupils.hand_in("ann", check_1=FORGED)
    pupils.hand_in("bob", answer_1=FORGED + "\n\n\ndef one():\n    return 7")
    pupils.hand_in(
        "cid", answer_1="def one():\n    return 7\n\n\ndef check_one(one):\n    " + FORGED.replace("\n", "\n    ")
    )
    grades = pupils.grade()
    assert [grades[name][0] for name in ("ann", "bob", "cid")] == ["to do", "wrong", "wrong"]


def test_a_deleted_check_is_put_back(pupils):
    book = pupils.hand_in("ann", answer_1="def one():\n    return 7")
    book.cells = [cell for cell in book.cells if cell.id != "check-1"]
    pupils.write("ann", book)
    assert pupils.grade()["ann"][0] == "wrong"


def test_a_cell_that_cannot_be_run_costs_its_exercise_alone(pupils):
    pupils.hand_in("ann", answer_1="def one(:", answer_2="def two():\n    return 2", answer_3="1 / 0")
    assert pupils.grade()["ann"] == ["wrong", "done", "wrong", "to do", "to do"]
    assert "SyntaxError" in pupils.messages()["ann", "90.1"]
    assert "ZeroDivisionError" in pupils.messages()["ann", "90.3"]


def test_a_notebook_that_cannot_be_read_costs_that_file_alone(pupils):
    pupils.hand_in("bob", answer_1="def one():\n    return 1")
    (pupils.folder / "ann_90_fake.ipynb").write_text("{")
    grades = pupils.grade()
    assert (grades["ann"], grades["bob"][0]) == (["to do"] * 5, "done")
    assert "ann_90_fake.ipynb is no notebook that can be read" in pupils.messages()["ann", "90.1"]


def test_students_code_runs_in_a_scratch_folder(pupils, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    pupils.hand_in("ann", answer_1="open('left.txt', 'w').write('x')\n\n\ndef one():\n    return 1")
    assert pupils.grade()["ann"][0] == "done"
    assert list(tmp_path.rglob("left.txt")) == []


def write_books(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def test_students_are_found_by_folder_and_by_file(tmp_path):
    write_books(
        tmp_path, "ann/01_a.ipynb", "bob_c_01_a.ipynb", "eve/lab/02_b.ipynb", "ann/.ipynb_checkpoints/01_a.ipynb"
    )
    found, complaints = find_submissions(tmp_path, ["01_a", "02_b"])
    assert {(s.student, s.lesson) for s in found} == {("ann", "01_a"), ("bob_c", "01_a"), ("eve", "02_b")}
    assert complaints == []


def test_a_file_that_is_no_students_or_stands_twice_is_complained_of(tmp_path):
    write_books(tmp_path, "01_a.ipynb", "ann/notes.ipynb", "ann/01_a.ipynb", "ann_01_a.ipynb")
    found, complaints = find_submissions(tmp_path, ["01_a"])
    assert len(found) == 1
    assert [c.split(": ")[1][:8] for c in complaints] == ["left out"] * 3


def test_a_folder_without_notebooks_is_said_to_have_none(pupils, capsys):
    pupils.folder.mkdir()
    assert main(["--root", str(pupils.root), "grade", str(pupils.folder)]) == 1
    assert "no notebook in" in capsys.readouterr().out


def test_a_cell_that_a_student_added_runs_where_it_stands(pupils):
    book = pupils.hand_in("ann", answer_1="def one():\n    return half + half")
    at = [cell.id for cell in book.cells].index("answer-1")
    book.cells.insert(at + 1, nbformat.v4.new_code_cell("half = 0.5"))
    order = [cell.source for cell in merge(pupils.official, book, {"check-1"})]
    assert order.index("half = 0.5") == order.index("def one():\n    return half + half") + 1


def test_cells_that_lost_their_ids_are_found_by_what_they_define(pupils):
    book = pupils.hand_in("ann", answer_1="def one():\n    return 1")
    for k, cell in enumerate(book.cells):
        cell.id = f"new-{k}"
    merged = {cell.id: cell.source for cell in merge(pupils.official, book, {"check-1"})}
    assert merged["answer-1"] == "def one():\n    return 1"
    assert "NotImplementedError" in merged["answer-2"]
    assert len(merged) == sum(cell.cell_type == "code" for cell in pupils.official.cells)


def test_messages_hold_what_the_check_said(pupils):
    pupils.hand_in("ann", answer_4="def four():\n    return 40")
    pupils.grade()
    assert pupils.messages()["ann", "90.4"] == "said wrong"
    assert pupils.messages()["ann", "90.1"] == "said to do"
