"""Run a notebook from the command line with parameters: what `make demo` and `make toy` call.

    python -m dgnet_lite.course.papermill_run notebooks/13_full_training.ipynb --out runs/demo -p scale demo
    python -m dgnet_lite.course.papermill_run notebooks/13_full_training.ipynb --out runs/mine -f mine.yaml

It adds to papermill what a learner misses there: a misspelt parameter is an error that names the right one, the
notebook's headings and its own output show where the run is, a failure says what went wrong and where to look, and
Ctrl-C stops the kernel too. Progress bars are drawn in the terminal; in a log they take a line every half minute.
The notebook runs in the current folder with the current Python, so relative paths mean what they mean in the shell.
"""

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from dgnet_lite.course.parameters import assigned_names, unknown_parameter

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
TRACEBACK_LINES = 12
SECONDS_BETWEEN_STATES = 30


def parameter_names(notebook: nbformat.NotebookNode) -> list[str]:
    """Names assigned in the cell tagged `parameters`, in their order; empty when no cell has the tag.

    papermill's own inspection passes over `x: int | None = None` and over a comment that holds an equals sign.
    """
    cell = next((c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])), None)
    return assigned_names(cell.source) if cell else []


def parse_value(text: str) -> Any:
    """A command-line value as YAML reads it: `3`, `true`, `null`, `[0, 1, 2]`, else a string; `1e-3` is a number."""
    if re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", text):  # YAML 1.1 asks for a dot and a sign, and gives a string
        return float(text)
    return yaml.safe_load(text)


def parse_parameters(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> dict[str, Any]:
    """Parameters from (name, text) pairs.

    Raises:
        ValueError: a name is not in `known` (the message gives the nearest one), or a text is not YAML.
    """
    parameters = {}
    for name, text in pairs:
        if name not in known:
            raise ValueError(unknown_parameter(name, known))
        try:
            parameters[name] = parse_value(text)
        except yaml.YAMLError as error:
            raise ValueError(f"the value of {name!r} is not YAML: {text!r} ({' '.join(str(error).split())})") from error
    return parameters


def read_parameters(path: Path, known: Sequence[str]) -> dict[str, Any]:
    """Parameters from a YAML file of `name: value` lines.

    Raises:
        ValueError: there is no such file, it is not YAML of this kind, or a name is not in `known`.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read the parameters in {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold lines of `name: value`, as in `scale: toy`")
    for name in values:
        if name not in known:
            raise ValueError(f"{path}: {unknown_parameter(str(name), known)}")
    return values


class SettledLines:
    """A stream for a log file: of a line that a progress bar draws again and again, it writes the last state.

    While the bar is not finished, its state is written as a line of its own every half minute.
    """

    def __init__(self, stream: TextIO, seconds: float = SECONDS_BETWEEN_STATES) -> None:
        self.stream, self.seconds = stream, seconds
        self.unfinished = ""
        self.written = time.monotonic()

    def write(self, text: str) -> int:
        *lines, rest = (self.unfinished + text).split("\n")
        for line in lines:
            self._put(line)
        self.unfinished = "\r" + self._state(rest) if "\r" in rest else rest
        if "\r" in rest and time.monotonic() - self.written >= self.seconds:
            self._put(rest)
            self.unfinished = "\r"
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def _put(self, line: str) -> None:
        if self._state(line) or "\r" not in line:
            self.stream.write(self._state(line) + "\n")
            self.written = time.monotonic()

    @staticmethod
    def _state(line: str) -> str:
        return line.rstrip("\r").rpartition("\r")[2]


def heading_printer() -> Callable[..., None]:
    """A hook for the start of a cell: prints each markdown heading the run passes, with the time since the start."""
    start = time.monotonic()

    def on_cell_start(cell: nbformat.NotebookNode, cell_index: int) -> None:
        # nbclient turns Ctrl-C into "the kernel died"; we want KeyboardInterrupt, after which it stops the kernel.
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        heading = re.search(r"^#+\s+(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if heading:
            print(f"[{time.monotonic() - start:5.0f} s] {heading[1].strip()}", flush=True)

    return on_cell_start


def run(notebook_path: Path, out: Path, parameters: dict[str, Any], cwd: Path | None = None) -> Path:
    """Run the notebook and return where the executed one lies, `out` / its name; it is saved after a failure, too.

    It runs in the folder `cwd`, by default the current one.
    While the run lasts it is called NAME.running.ipynb, so a killed run does not harm the result of the last one.

    Raises:
        papermill.exceptions.PapermillExecutionError: a cell raised.
        nbclient.exceptions.DeadKernelError: the kernel's process ended.
        KeyboardInterrupt: Ctrl-C; the kernel is stopped.
    """
    out.mkdir(parents=True, exist_ok=True)
    executed = out / notebook_path.name
    running = executed.with_suffix(".running.ipynb")
    try:
        papermill.execute_notebook(
            notebook_path,
            running,
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr if sys.stderr.isatty() else SettledLines(sys.stderr),
            coalesce_streams=True,
            extra_arguments=["--IPKernelApp.log_level=50"],  # its own log would mix with the notebook's output
            on_cell_start=heading_printer(),
            cwd=cwd,
        )
    finally:
        if running.exists():
            running.replace(executed)
    return executed


def report_failure(error: PapermillExecutionError | DeadKernelError, executed: Path) -> None:
    """Say on stderr what failed, the last lines of the traceback, and which file shows the rest."""
    if isinstance(error, PapermillExecutionError):
        trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
        print(*trace[-TRACEBACK_LINES:], sep="\n", file=sys.stderr)
        print(f"\nThe notebook failed in cell In [{error.exec_count}]: {error.ename}.", file=sys.stderr)
    else:
        print("\nThe notebook's Python process ended, most often because memory ran out.", file=sys.stderr)
    print(f"As far as it came, it is saved in {executed}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 0, 1 failed, 2 misused, 130 interrupted."""
    parser = argparse.ArgumentParser("python -m dgnet_lite.course.papermill_run", description=__doc__.split("\n")[0])
    parser.add_argument("notebook", type=Path, help="the notebook to run; it is not changed")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for the executed notebook; also given to the notebook as out_dir when it has that parameter",
    )
    parser.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter of the notebook; VALUE is YAML",
    )
    parser.add_argument(
        "-f",
        "--file",
        type=Path,
        metavar="YAML",
        help="a file of parameters, a line `name: value` each; -p goes before it",
    )
    options = parser.parse_args(arguments)
    if not options.notebook.is_file():
        parser.error(f"no notebook at {options.notebook}")
    try:
        known = parameter_names(nbformat.read(options.notebook, as_version=4))
        parameters = read_parameters(options.file, known) if options.file else {}
        parameters |= parse_parameters(options.parameter, known)
    except ValueError as error:
        parser.error(str(error))
    if "out_dir" in known:
        parameters.setdefault("out_dir", str(options.out))

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, not the user's of the same name
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # the debugger's warning is no news here
    os.environ.setdefault("DGNET_PROGRESS", "text")  # a bar's widget would be seen by nobody
    logging.getLogger("papermill").setLevel(logging.ERROR)

    executed = options.out / options.notebook.name
    try:
        run(options.notebook, options.out, parameters)
    except (PapermillExecutionError, DeadKernelError) as error:
        report_failure(error, executed)
        return FAILED
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from the last checkpoint.", file=sys.stderr)
        return INTERRUPTED
    summary = options.out / "summary.txt"
    if summary.is_file():
        print("\n" + summary.read_text(encoding="utf-8").rstrip())
    print(f"\nExecuted notebook: {executed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
