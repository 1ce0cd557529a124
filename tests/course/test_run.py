"""Lessons executed in place: what is stored, what is left out, and what a failed run leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from dgnet_lite.course import budgets
from dgnet_lite.course.__main__ import main
from dgnet_lite.course.books import BookError, read_book
from dgnet_lite.course.budgets import Cost
from dgnet_lite.course.run import environment, execute, find, show_costs, store

PRINTS = (
    "import os\n"
    "print(os.environ['DGNET_PROFILE'], end=' ')\n"
    "print(os.environ.get('DGNET_STRICT'), os.environ.get('DGNET_RESULTS'))\n"
    "print('in a scratch folder:', not os.listdir('.'))"
)


def heed_interrupts() -> None:
    """A shell makes what it runs in the background deaf to Ctrl-C, and all that this starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def lesson(write_solution, cells) -> Path:
    return write_solution(*cells.opening(), cells.code(PRINTS, "prints"), folder_name="notebooks")


def run(path: Path, *options: str) -> int:
    return main(["--root", str(path.parents[1]), "run", *options])


def outputs(path: Path, name: str) -> list[nbformat.NotebookNode]:
    return next(cell.outputs for cell in nbformat.read(path, as_version=4).cells if cell.id == name)


def test_a_run_stores_the_toy_profiles_output_and_both_costs(lesson, monkeypatch):
    monkeypatch.setenv("DGNET_RESULTS", "not/for/lessons")
    assert run(lesson) == 0
    (output,) = outputs(lesson, "prints")
    assert output.text == "toy None None\nin a scratch folder: False\n"
    costs = budgets.load(lesson.parents[1])["notebooks/90_fake"]
    assert set(costs) == {"smoke", "toy"}
    assert budgets.line(costs) in read_book(lesson).cells[0].source


def test_a_second_run_gives_the_same_bytes(lesson):
    run(lesson, "90", "--profile", "toy")
    first = lesson.read_bytes()
    run(lesson, "90", "--profile", "toy")
    assert lesson.read_bytes() == first


def test_the_smoke_profile_is_measured_and_not_stored(lesson):
    run(lesson, "--profile", "smoke")
    assert outputs(lesson, "prints") == []
    assert set(budgets.load(lesson.parents[1])["notebooks/90_fake"]) == {"smoke"}


@pytest.mark.parametrize(("profile", "threads"), [("smoke", "1"), ("toy", "7")])
def test_smoke_is_measured_with_the_threads_of_make_test(write_solution, cells, monkeypatch, profile, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    says = cells.code("import os\nprint(os.environ['OMP_NUM_THREADS'])", "says")
    path = write_solution(*cells.opening(), says, folder_name="notebooks")
    executed, _ = execute(path, profile)
    assert next(cell for cell in executed.cells if cell.id == "says").outputs[0].text == f"{threads}\n"


def test_solutions_run_strictly(write_solution, cells):
    path = write_solution(*cells.opening(), cells.code(PRINTS, "prints"))
    run(path, "90_fake", "--profile", "toy")
    assert outputs(path, "prints")[0].text.startswith("toy 1 None")


def test_a_failing_cell_is_named_and_the_stored_notebook_stays(write_solution, cells, capsys):
    path = write_solution(*cells.opening(), cells.code("1 / 0", "fails"), folder_name="notebooks")
    before = path.read_bytes()
    assert run(path) == 1
    assert "90_fake.ipynb, cell 2 (smoke): ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_interrupted_run_leaves_the_stored_notebook_as_it_was(write_solution, cells, tmp_path):
    started = tmp_path / "started"
    source = f"import time\nfrom pathlib import Path\nPath({str(started)!r}).touch()\ntime.sleep(60)"
    path = write_solution(*cells.opening(), cells.code(source, "sleeps"), folder_name="notebooks")
    before = path.read_bytes()
    command = [sys.executable, "-m", "dgnet_lite.course", "--root", str(path.parents[1]), "run"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, preexec_fn=heed_interrupts
    )
    while not started.exists():
        assert process.poll() is None, "the run ended before its cell began"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said.endswith("Interrupted; the stored notebooks are as they were.\n")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("asked", ["90", "90_fake", "notebooks/90_fake.ipynb"])
def test_a_lesson_is_found_by_number_name_and_path(lesson, asked, monkeypatch):
    monkeypatch.chdir(lesson.parents[1])
    assert find(lesson.parents[1], [asked]) == [lesson]


def test_an_unknown_lesson_is_refused_with_the_list(lesson):
    with pytest.raises(BookError, match="no lesson '91'; there are: 90_fake"):
        find(lesson.parents[1], ["91"])


def test_a_notebook_without_profiles_is_left_out_and_refused_by_name(lesson, write_solution, cells):
    write_solution(cells.code("x = 1", "x"), folder_name="notebooks", name="91_other")
    root = lesson.parents[1]
    assert find(root, []) == [lesson]
    with pytest.raises(BookError, match="no parameter `profile`"):
        find(root, ["91"])


@pytest.fixture
def ran(write_solution, cells, tmp_path) -> tuple[Path, Path]:
    """A lesson without profiles, and the notebook that a run by papermill left in another folder."""
    path = write_solution(cells.code("print(6 * 7)", "prints"), folder_name="notebooks", name="91_other")
    book = read_book(path)
    book.cells[0].execution_count = 1
    book.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="42\n")]
    book.cells.insert(0, nbformat.v4.new_code_cell("scale = 'demo'", metadata={"tags": ["injected-parameters"]}))
    other = tmp_path / "runs" / "demo" / path.name
    other.parent.mkdir(parents=True)
    nbformat.write(book, other)
    return path, other


def keep(path: Path, other: Path) -> int:
    return main(["--root", str(path.parents[1]), "keep", str(other)])


def test_the_outputs_of_a_papermill_run_are_kept_without_its_parameters(ran):
    path, other = ran
    assert keep(path, other) == 0
    assert [cell.source for cell in read_book(path).cells] == ["print(6 * 7)"]
    assert outputs(path, "prints")[0].text == "42\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda book: book.cells[1].update(source="print(7 * 7)"), "was run from another version of .*: run it again"),
        (lambda book: book.cells[1].update(execution_count=None), "was not run to its end"),
    ],
)
def test_a_run_of_another_version_or_without_an_end_is_not_kept(ran, change, said, capsys):
    path, other = ran
    book, before = nbformat.read(other, as_version=4), path.read_bytes()
    change(book)
    nbformat.write(book, other)
    assert keep(path, other) == 1
    assert re.search(said, capsys.readouterr().err)
    assert path.read_bytes() == before


def test_a_lesson_that_is_not_there_or_has_profiles_is_not_kept(lesson, ran, tmp_path, capsys):
    assert keep(lesson, tmp_path / "92_none.ipynb") == 1
    assert "there is no lesson" in capsys.readouterr().err
    assert keep(lesson, lesson) == 1
    assert "python -m dgnet_lite.course run 90_fake" in capsys.readouterr().err


def test_what_papermill_notes_is_not_stored(lesson):
    book = read_book(lesson)
    book.metadata["papermill"] = {"duration": 2.0}
    book.cells[1].metadata["papermill"] = {"duration": 1.0}
    book.cells.insert(2, nbformat.v4.new_code_cell("seed = 1", metadata={"tags": ["injected-parameters"]}))
    store(lesson, book, {"toy": Cost(1, 500, 0.1)})
    text = lesson.read_text(encoding="utf-8")
    assert "papermill" not in text
    assert "seed = 1" not in text


def test_of_a_widget_only_the_picture_is_stored(lesson):
    book = read_book(lesson)
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "abc"}, "image/png": "aGFsbG8="}
    place = next(k for k, cell in enumerate(book.cells) if cell.id == "prints")
    book.cells[place].outputs = [nbformat.v4.new_output("display_data", view)]
    book.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"abc": {}}}}
    store(lesson, book, {"toy": Cost(1, 500, 0.1)})
    (output,) = outputs(lesson, "prints")
    assert list(output.data) == ["image/png"]
    assert "widget" not in lesson.read_text(encoding="utf-8")


def test_a_notebook_too_large_to_be_read_on_the_web_is_refused(lesson):
    before = lesson.read_bytes()
    book = read_book(lesson)
    book.cells[2].outputs = [nbformat.v4.new_output("stream", text="x" * 1_600_000)]
    with pytest.raises(BookError, match=r"would be 1\.6 MB"):
        store(lesson, book, {"toy": Cost(1, 500, 0.1)})
    assert lesson.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "html"])
def test_an_output_that_names_a_folder_of_the_machine_is_refused(lesson, kind):
    before = lesson.read_bytes()
    book = read_book(lesson)
    said = f"written to {Path.home()}/runs"
    book.cells[2].outputs = [
        nbformat.v4.new_output("stream", text=said)
        if kind == "text"
        else nbformat.v4.new_output("display_data", data={"text/html": f"<b>{said}</b>"})
    ]
    with pytest.raises(BookError, match=rf"cell 2: its output names {Path.home()}, a folder of this machine"):
        store(lesson, book, {"toy": Cost(1, 500, 0.1)})
    assert lesson.read_bytes() == before


def test_a_word_that_begins_like_a_folder_is_stored(lesson):
    book = read_book(lesson)
    book.cells[2].outputs = [nbformat.v4.new_output("stream", text=f"{Path.home()}-like and {Path.home()}.pt")]
    store(lesson, book, {"toy": Cost(1, 500, 0.1)})


def test_new_costs_change_the_opening_cell_alone(lesson):
    show_costs(lesson, {"toy": Cost(1, 500, 0.1)})
    before = lesson.read_text(encoding="utf-8").splitlines()
    show_costs(lesson, {"toy": Cost(2, 500, 0.1)})
    after = lesson.read_text(encoding="utf-8").splitlines()
    assert [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [10]


def test_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("DGNET_STRICT", "before")
    monkeypatch.delenv("DGNET_PROFILE", raising=False)
    with environment(DGNET_STRICT=None, DGNET_PROFILE="toy"):
        pass
    assert (os.environ["DGNET_STRICT"], os.environ.get("DGNET_PROFILE")) == ("before", None)
