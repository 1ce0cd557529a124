"""Running a notebook from the command line: parameters, results, failures, interruption."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from dgnet_lite.course.papermill_run import (
    SettledLines,
    main,
    parameter_names,
    parse_parameters,
    parse_value,
    read_parameters,
)

PARAMETERS = """\
scale: str = "demo"  # smoke = seconds, toy = minutes
steps: int | None = None  # None = the scale's own
seeds: list[int] = [0]
out_dir = "runs/x"
"""


def notebook(*cells: str, parameters: str | None = PARAMETERS) -> nbformat.NotebookNode:
    """A notebook of code cells, the first tagged `parameters`; a cell that starts with # and a space is markdown."""
    book = nbformat.v4.new_notebook()
    if parameters is not None:
        book.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for source in cells:
        kind = nbformat.v4.new_markdown_cell if source.startswith("# ") else nbformat.v4.new_code_cell
        book.cells.append(kind(source))
    return book


@pytest.fixture
def write(tmp_path):
    """Writes a notebook of the given cells and returns its path."""

    def write_notebook(*cells: str, **options: str | None) -> Path:
        path = tmp_path / "a folder" / "lesson.ipynb"
        path.parent.mkdir()
        nbformat.write(notebook(*cells, **options), path)
        return path

    return write_notebook


def usage_error(capsys, *arguments: str) -> str:
    """What the command line says when it refuses the arguments."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_parameters_are_found_with_unions_and_with_equals_signs_in_their_comments():
    assert parameter_names(notebook()) == ["scale", "steps", "seeds", "out_dir"]


def test_a_notebook_without_the_tag_has_no_parameters():
    assert parameter_names(notebook("x = 1", parameters=None)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ("[0, 1, 2]", [0, 1, 2]),
        ("market1501", "market1501"),
        ("../some folder/x", "../some folder/x"),
    ],
)
def test_a_value_is_read_as(text, value):
    read = parse_value(text)
    assert (read, type(read)) == (value, type(value))


def test_a_misspelt_parameter_is_refused_with_the_right_name():
    with pytest.raises(ValueError, match=r"unknown parameter 'sede'. Did you mean 'seed'\?"):
        parse_parameters([("sede", "1")], ["scale", "seed"])


def test_a_parameter_like_no_other_is_refused_with_the_list_of_all():
    with pytest.raises(ValueError, match=r"unknown parameter 'zzz'. The notebook's parameters: scale, seed\."):
        parse_parameters([("zzz", "1")], ["scale", "seed"])


def test_a_value_that_is_no_yaml_is_refused_by_the_parameters_name():
    with pytest.raises(ValueError, match=r"the value of 'seeds' is not YAML: '\[0, 1'"):
        parse_parameters([("seeds", "[0, 1")], ["seeds"])


def test_a_misspelt_parameter_stops_the_command_before_anything_is_written(write, tmp_path, capsys):
    message = usage_error(capsys, str(write()), "--out", str(tmp_path / "out"), "-p", "scael", "toy")
    assert "Did you mean 'scale'?" in message
    assert not (tmp_path / "out").exists()


def test_a_file_of_parameters_is_read(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("scale: toy\nseeds: [0, 1]\n")
    assert read_parameters(file, ["scale", "steps", "seeds"]) == {"scale": "toy", "seeds": [0, 1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scael: toy", r"mine.yaml: unknown parameter 'scael'. Did you mean 'scale'\?"),
        ("scale: [", "mine.yaml is not YAML"),
        ("toy", "mine.yaml must hold lines of `name: value`"),
        (None, "cannot read the parameters in .*mine.yaml: No such file"),
    ],
)
def test_a_file_of_parameters_that_will_not_do_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_parameters(tmp_path / "mine.yaml", ["scale"])


def test_what_is_said_on_the_command_line_goes_before_the_file(write, tmp_path, capfd):
    (tmp_path / "mine.yaml").write_text("scale: toy\nsteps: 7\n")
    book = write("print(scale, steps)")
    assert main([str(book), "--out", str(tmp_path), "-f", str(tmp_path / "mine.yaml"), "-p", "steps", "9"]) == 0
    assert "toy 9" in capfd.readouterr().out


def test_a_missing_notebook_is_named(tmp_path, capsys):
    assert "no notebook at absent.ipynb" in usage_error(capsys, "absent.ipynb", "--out", str(tmp_path))


@pytest.fixture
def finished(write, tmp_path, monkeypatch, capfd):
    """A run that ended well: its status, what it printed, and its folder. The current folder is tmp_path."""
    monkeypatch.chdir(tmp_path)
    path = write(
        "# The first idea",
        "from pathlib import Path\nimport sys\nprint('scale', scale, 'in', Path.cwd().name, sys.executable)",
        "Path(out_dir, 'summary.txt').write_text(f'table of {seeds}')",
    )
    status = main([str(path), "--out", "runs/my run", "-p", "scale", "toy", "-p", "seeds", "[3, 4]"])
    return status, capfd.readouterr().out, tmp_path / "runs" / "my run"


def test_a_run_passes_parameters_shows_its_progress_and_ends_with_the_summary(finished, tmp_path):
    status, printed, folder = finished
    assert status == 0
    assert "s] The first idea\n" in printed
    assert f"scale toy in {tmp_path.name} {sys.executable}\n" in printed
    assert printed.endswith("\ntable of [3, 4]\n\nExecuted notebook: runs/my run/lesson.ipynb\n")
    assert sorted(path.name for path in folder.iterdir()) == ["lesson.ipynb", "summary.txt"]


def test_a_failed_cell_gives_status_one_the_error_and_the_saved_notebook(write, tmp_path, capfd):
    path = write("print('before')", "raise RuntimeError('no such luck')", "print('after')")
    assert main([str(path), "--out", str(tmp_path / "out")]) == 1
    message = capfd.readouterr().err
    assert "RuntimeError: no such luck" in message
    assert f"saved in {tmp_path / 'out' / 'lesson.ipynb'}" in message
    assert "no such luck" in (tmp_path / "out" / "lesson.ipynb").read_text(encoding="utf-8")


def test_a_kernel_that_dies_gives_status_one_and_a_likely_cause(write, tmp_path, capfd):
    path = write("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert main([str(path), "--out", str(tmp_path / "out")]) == 1
    assert "memory ran out" in capfd.readouterr().err


def heed_interrupts() -> None:
    """A shell makes what it runs in the background deaf to Ctrl-C, and all that this starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists():
        assert process.poll() is None, "the run ended before its cell began"
        time.sleep(0.05)


def test_an_interrupt_gives_status_130_says_how_to_go_on_and_stops_the_kernel(write, tmp_path):
    started, survived = tmp_path / "started", tmp_path / "survived"
    path = write(
        f"import time; from pathlib import Path\nPath({str(started)!r}).touch()\ntime.sleep(60)",
        f"Path({str(survived)!r}).touch()",
    )
    command = [sys.executable, "-m", "dgnet_lite.course.papermill_run", str(path), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)
    wait_for(started, process)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=300)
    assert process.returncode == 130
    assert message.endswith("Interrupted. The same command goes on from the last checkpoint.\n")
    assert not survived.exists()
    assert nbformat.read(tmp_path / "out" / "lesson.ipynb", as_version=4).cells


def logged(*texts: str, seconds: float = 1e9) -> str:
    """What a log file holds after the texts were written one after the other."""
    file = io.StringIO()
    stream = SettledLines(file, seconds)
    for text in texts:
        stream.write(text)
    return file.getvalue()


def test_a_log_gets_one_line_of_a_finished_bar():
    assert logged("\rbar 0%", "\rbar 50%", "\rbar 100%", "\n") == "bar 100%\n"


def test_a_log_gets_other_lines_as_they_are():
    assert logged("a warning\n", "\n", "  indented\n") == "a warning\n\n  indented\n"


def test_a_log_gets_a_line_of_an_unfinished_bar_now_and_then():
    assert logged("\rbar 1%", "\rbar 2%", seconds=0) == "bar 1%\nbar 2%\n"


def test_a_line_that_comes_in_pieces_is_put_together():
    assert logged("a war", "ning\n") == "a warning\n"
