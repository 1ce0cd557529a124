"""Exercises made from solutions: stubs, refused mistakes, and --check."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from dgnet_lite.course.__main__ import main
from dgnet_lite.course.books import BookError, checks_called, headers, read_book
from dgnet_lite.course.build import build, exercise_text


def sources(text: str) -> dict[str, str]:
    """Source by id of the cells of a notebook's text."""
    return {cell.id: cell.source for cell in nbformat.reads(text, as_version=4).cells}


@pytest.fixture
def answer(write_solution, cells):
    """What becomes of one exercise's answer, a code cell."""

    def answer(source: str, check: str = "from quick_checks import check_one\n\ncheck_one(one)") -> str:
        path = write_solution(cells.header(1), cells.code(source, "answer"), cells.code(check, "check"))
        return sources(exercise_text(path))["answer"]

    return answer


def test_a_function_keeps_its_docstring_and_raises(answer):
    text = 'def one():\n    """Its number."""\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION'
    assert answer(text) == (
        'def one():\n    """Its number."""\n    raise NotImplementedError("exercise 90.1: your code here")'
    )


def test_lines_around_the_solution_stay(answer):
    text = "def one():\n    x = 1\n    ### BEGIN SOLUTION\n    y = x\n    ### END SOLUTION\n    return y"
    assert answer(text) == (
        'def one():\n    x = 1\n    raise NotImplementedError("exercise 90.1: your code here")\n    return y'
    )


def test_a_method_raises(answer):
    text = "class one:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION"
    assert answer(text).endswith('        raise NotImplementedError("exercise 90.1: your code here")')


def test_at_the_top_of_a_cell_the_names_that_are_used_become_dots(answer):
    text = "### BEGIN SOLUTION\nhelper = 0\none = helper + 1\n### END SOLUTION"
    assert answer(text) == "one = ...  # exercise 90.1: your code here"


def test_each_solution_of_a_cell_gets_its_own_stub(answer):
    text = (
        "### BEGIN SOLUTION\nk = 1\n### END SOLUTION\n\n\n"
        "def one():\n    ### BEGIN SOLUTION\n    return k\n    ### END SOLUTION"
    )
    assert re.findall(r"k = \.\.\.|raise \w+", answer(text)) == ["k = ...", "raise NotImplementedError"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def one():\n    ### BEGIN SOLUTION\n    return 1", r"cell 1, line 2: '### BEGIN SOLUTION' without"),
        ("def one():\n    return 1\n    ### END SOLUTION", r"cell 1, line 3: '### END SOLUTION' without"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\none = 1\n### END SOLUTION", "line 2: a second"),
        ("# begin solution\none = 1\n### END SOLUTION", "line 1: '# begin solution' is no marker"),
        ("### BEGIN SOLUTION\ndef one():\n    return 1\n### END SOLUTION", "around a definition"),
        ("for i in [1]:\n    ### BEGIN SOLUTION\n    one = i\n    ### END SOLUTION", "inside a class, loop"),
        ("### BEGIN SOLUTION\nother = 1\n### END SOLUTION", "assigns no name that is used"),
        ("def one():\n    ### BEGIN SOLUTION\n    return 1\n\n\nz = 2\n### END SOLUTION", "after the function's end"),
        ("%time\n### BEGIN SOLUTION\none = 1\n### END SOLUTION", "Python cannot read the cell"),
        ("one = 1", r"exercise 90\.1 has no '### BEGIN SOLUTION'"),
    ],
)
def test_a_solution_that_cannot_become_an_exercise_is_refused(answer, source, message):
    with pytest.raises(BookError, match=message):
        answer(source)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("print(one)", "has no cell that calls its check"),
        ("check_one(one)", "import the check in the cell that calls it"),
        ("from quick_checks import check_one\n### BEGIN SOLUTION\ncheck_one(one)\n### END SOLUTION", "."),
    ],
)
def test_an_exercise_without_a_proper_check_is_refused(answer, check, message):
    with pytest.raises(BookError, match=message):
        answer("### BEGIN SOLUTION\none = 1\n### END SOLUTION", check)


def test_a_marker_in_a_text_cell_is_refused(write_solution, cells):
    text = nbformat.v4.new_markdown_cell("### BEGIN SOLUTION")
    with pytest.raises(BookError, match="cell 1, line 1: a solution's marker in a text cell"):
        exercise_text(write_solution(cells.header(1), text))


def test_a_solution_before_any_exercise_is_refused(write_solution, cells):
    with pytest.raises(BookError, match="before the first '### Exercise' title"):
        exercise_text(write_solution(cells.code("### BEGIN SOLUTION\none = 1\n### END SOLUTION", "a")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("### Exercise 90.1 · One\nno facts", "beneath the title of exercise 90.1"),
        ("### Exercise 90.1 · One\nDifficulty ●● · Importance ●●●●○ · 5 minutes · eq. (1)", "five dots each"),
        ("### Exercise one", "write the title as '### Exercise 90.1"),
        (
            "### Exercise 91.1 · One\nDifficulty ●●○○○ · Importance ●●●●○ · 5 minutes · eq. (1)",
            "is of another lesson",
        ),
    ],
)
def test_a_header_that_lacks_something_is_refused(write_solution, text, message):
    path = write_solution(nbformat.v4.new_markdown_cell(text))
    with pytest.raises(BookError, match=message):
        headers(path, read_book(path))


def test_a_number_that_stands_twice_is_refused(write_solution, cells):
    again = nbformat.v4.new_markdown_cell(cells.header(1).source)
    path = write_solution(cells.header(1), again)
    with pytest.raises(BookError, match="stands twice"):
        headers(path, read_book(path))


def test_what_a_header_says_is_read(write_solution, cells):
    path = write_solution(cells.header(2, tags=["for-grading"]))
    (header,) = headers(path, read_book(path))
    assert (header.number, header.title, header.minutes) == ("90.2", "Two", 5)
    assert (header.difficulty, header.importance) == (2, 4)
    assert header.source == "eq. (1)"
    assert header.for_grading


def test_a_check_in_a_cell_that_python_cannot_read_is_not_seen():
    assert checks_called("%time check_one(one)") == []


def test_outputs_and_counts_are_taken_out(write_solution, cells):
    path = write_solution()
    book = nbformat.read(path, as_version=4)
    book.cells[-1].outputs = [nbformat.v4.new_output("stream", text="done")]
    book.cells[-1].execution_count = 9
    nbformat.write(book, path)
    last = nbformat.reads(exercise_text(path), as_version=4).cells[-1]
    assert (last.outputs, last.execution_count) == ([], None)


def test_what_programs_note_in_a_notebook_is_left_out(write_solution):
    path = write_solution()
    before = exercise_text(path)
    book = nbformat.read(path, as_version=4)
    book.metadata["papermill"] = {"duration": 3}
    book.cells[2].metadata["execution"] = {"iopub.status.busy": "now"}
    nbformat.write(book, path)
    assert exercise_text(path) == before


def test_cells_without_ids_get_the_same_ids_each_time(write_solution):
    path = write_solution()
    raw = json.loads(path.read_text())
    for cell in raw["cells"]:
        del cell["id"]
    path.write_text(json.dumps(raw))
    first, second = exercise_text(path), exercise_text(path)
    assert first == second
    assert len(sources(first)) == len(raw["cells"])


def run_build(path, *options: str) -> int:
    return main(["--root", str(path.parents[1]), "build", *options])


def test_what_was_built_passes_the_check(write_solution):
    path = write_solution()
    assert run_build(path) == 0
    assert run_build(path, "--check") == 0


def test_a_project_without_solutions_passes_the_check(tmp_path):
    assert build(tmp_path, check=True) == []


def test_the_check_writes_nothing(write_solution, capsys):
    path = write_solution()
    assert run_build(path, "--check") == 1
    assert not (path.parents[1] / "exercises").exists()
    assert "90_fake.ipynb is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("exercise 90.2: your", "exercise 90.2: her"), "cell 6: line 3 is not as"),
        (lambda text: text.replace("Return the number", "Return a number", 1), "cell 2: line 4 is not as"),
        (lambda text: text.replace('"id": "check-1"', '"id": "check-x"'), "cell 4: its length, outputs, id or tags"),
        (lambda text: text + "\n", "differs in its metadata or layout"),
        (lambda text: text[:100], "is no notebook that can be read"),
    ],
)
def test_a_byte_of_difference_is_found_and_its_cell_named(write_solution, change, message):
    path = write_solution()
    build(path.parents[1])
    target = path.parents[1] / "exercises" / path.name
    target.write_text(change(target.read_text(encoding="utf-8")), encoding="utf-8")
    (problem,) = build(path.parents[1], check=True)
    assert message in problem


def test_an_exercise_without_a_solution_is_found(write_solution):
    path = write_solution()
    build(path.parents[1])
    (path.parents[1] / "exercises" / "91_other.ipynb").write_text("{}")
    (problem,) = build(path.parents[1], check=True)
    assert "91_other.ipynb has no notebook in solutions/" in problem


def test_a_broken_solution_leaves_its_exercise_as_it_was(write_solution, cells):
    path = write_solution()
    build(path.parents[1])
    target = path.parents[1] / "exercises" / path.name
    before = target.read_bytes()
    write_solution(cells.header(1))
    assert len(build(path.parents[1])) == 1
    assert target.read_bytes() == before
