"""Run lessons and store what they show: outputs in the notebooks, costs in notebooks/budgets.json.

    python -m dgnet_lite.course run 01 02            # measure smoke; run toy, store its outputs, measure it
    python -m dgnet_lite.course run 01 --profile smoke

The stored notebook is replaced when the run has ended well, never before. Only the toy profile is stored, since that is
what a reader wants to see; the other only measures.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from dgnet_lite.course import ROOT, budgets, papermill_run
from dgnet_lite.course.books import BookError, book_text, lesson_paths, read_book, settle, write_book

PROFILES = ("smoke", "toy")
STORED = "toy"
LARGEST = 1_500_000
FOLDERS = ("notebooks", "solutions")


def find(root: Path, lessons: Sequence[str]) -> list[Path]:
    """Lessons and solutions by number ("01"), name ("01_person_reid"), or path; all that have a profile without any.

    Raises BookError: a lesson that is not there, or that is not run by profiles.
    """
    known = [path for folder in FOLDERS for path in lesson_paths(root / folder)]
    if not lessons:
        return [path for path in known if has_profile(read_book(path))]
    found = []
    for asked in lessons:
        word = Path(asked)
        own = [p for p in known if asked in (p.stem, p.stem[:2]) or p.resolve() == word.resolve()]
        if not own:
            raise BookError(f"no lesson {asked!r}; there are: {', '.join(p.stem for p in known) or 'none'}")
        for path in own:
            if not has_profile(read_book(path)):
                raise BookError(
                    f"{path} has no parameter `profile`; run it with python -m dgnet_lite.course.papermill_run"
                )
        found += own
    return list(dict.fromkeys(found))


def has_profile(book: NotebookNode) -> bool:
    """Whether the notebook's cell tagged `parameters` sets `profile`."""
    return "profile" in papermill_run.parameter_names(book)


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """Environment variables set (None: absent) for a while."""
    before = {name: os.environ.get(name) for name in values}

    def put(changes: dict[str, str | None]) -> None:
        for name, value in changes.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    put(values)
    try:
        yield
    finally:
        put(before)


def execute(path: Path, profile: str) -> tuple[NotebookNode, budgets.Cost]:
    """Run a notebook in a scratch folder; returns it executed, and what it took. The file stays as it is.

    Raises BookError: a cell raised, or the kernel ended; says which lesson, cell and error.
    """
    settings = {
        "DGNET_PROFILE": profile,
        "DGNET_STRICT": "1" if path.parent.name == "solutions" else None,
        "DGNET_PROGRESS": "text",
        "DGNET_RESULTS": None,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if profile == "smoke":  # as in `make test`; threads that wait for each other cost CPU time where other work runs
        settings["OMP_NUM_THREADS"] = "1"
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="dgnet-run-") as scratch, environment(**settings):
        out = Path(scratch) / "executed"
        try:
            with budgets.Meter() as meter:
                executed = papermill_run.run(path, out, {}, cwd=Path(scratch))
            return read_book(executed), meter.cost()
        except PapermillExecutionError as error:
            trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
            said = "\n".join(trace[-papermill_run.TRACEBACK_LINES :])
            raise BookError(f"{said}\n{path}, cell {error.cell_index} ({profile}): {error.ename}") from None
        except DeadKernelError:
            raise BookError(f"{path} ({profile}): its Python process ended, most often for lack of memory") from None


def store(path: Path, executed: NotebookNode, costs: dict[str, budgets.Cost]) -> None:
    """Put the executed notebook in place of the stored one, without what papermill noted in it.

    Raises BookError: it would be too large, or an output names a folder of this machine.
    """
    named = folders_named(executed, (ROOT, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir())))
    if named:
        raise BookError(f"{path}, cell {named[0]}: its output names {named[1]}, a folder of this machine: print less")
    executed.cells = [c for c in executed.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    settle(executed)
    executed.cells[0].source = budgets.fill_in(executed.cells[0].source, costs)
    text = book_text(executed)
    if len(text) > LARGEST:
        raise BookError(f"{path} would be {len(text) / 1e6:.1f} MB; keep it under {LARGEST / 1e6}: fewer pictures")
    write_book(path, text)


def keep(root: Path, ran: Path) -> Path:
    """Store what papermill's RUN/NAME.ipynb shows in notebooks/NAME.ipynb, and return that: for the lesson that has no
    profiles and is run by its parameters.

    Raises BookError: there is no such lesson, it is run by profiles, has changed since, or the run did not end well.
    """
    path = root / "notebooks" / ran.name
    if not path.is_file():
        raise BookError(f"there is no lesson {path} to keep the outputs of {ran}")
    lesson, executed = read_book(path), read_book(ran)
    if has_profile(lesson):
        raise BookError(f"{path} is run by profiles: python -m dgnet_lite.course run {path.stem}")
    told = [c for c in executed.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    if [c.source for c in told] != [c.source for c in lesson.cells]:
        raise BookError(f"{ran} was run from another version of {path}: run it again")
    if any(c.cell_type == "code" and c.source and c.execution_count is None for c in told):
        raise BookError(f"{ran} was not run to its end: give its command again")
    store(path, executed, {})
    return path


def folders_named(book: NotebookNode, folders: Sequence[Path]) -> tuple[int, Path] | None:
    """The first cell whose outputs name one of the folders or something inside, and which; pictures are not read."""
    patterns = {folder: re.compile(re.escape(str(folder)) + r"(?![\w.-])") for folder in folders}
    for number, cell in enumerate(book.cells):
        for output in cell.get("outputs", []):
            kinds = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
            said = [output.get("text", ""), *output.get("traceback", []), json.dumps(kinds)]
            for folder, pattern in patterns.items():
                if any(pattern.search(text) for text in said):
                    return number, folder
    return None


def run(root: Path, lessons: Sequence[str], profiles: Sequence[str] = PROFILES) -> None:
    """Run the lessons in each profile, record what they took, and store the outputs of the toy profile."""
    for path in find(root, lessons):
        executed = None
        for profile in profiles:
            print(f"{budgets.name_of(path)}, {profile}", flush=True)
            book, cost = execute(path, profile)
            budgets.record(root, path, profile, cost)
            print(f"    {cost.cpu_minutes:.2f} CPU minutes, {cost.memory_mb} MB", flush=True)
            executed = book if profile == STORED else executed
        costs = budgets.load(root)[budgets.name_of(path)]
        if executed is not None:
            store(path, executed, costs)
        else:
            show_costs(path, costs)
    print("Exercises and the teacher's page are made of these; now: python -m dgnet_lite.course build", file=sys.stderr)


def show_costs(path: Path, costs: dict[str, budgets.Cost]) -> None:
    """Renew the opening cell alone."""
    book = read_book(path)
    source = budgets.fill_in(book.cells[0].source, costs)
    if source != book.cells[0].source:
        book.cells[0].source = source
        write_book(path, book_text(book))
