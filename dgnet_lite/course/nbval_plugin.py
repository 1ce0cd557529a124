"""How the tests run notebooks: nbval, from a folder that is not the notebook's, and two more tests for each notebook.

    python -m pytest -p dgnet_lite.course.nbval_plugin --nbval-lax notebooks solutions exercises

`budget`: the run took what notebooks/budgets.json says, within a factor of 2.
`outcomes`: a solution's checks all say "done", an untouched exercise's all say "to do".
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

# pytest imports a plugin before tests/conftest.py, which must come before the package's modules to check the shapes in
# their signatures. So those are imported where they are used.


class BrokenNotebookError(AssertionError):
    """What such a test says when it fails."""


class WholeNotebook(pytest.Item):
    """A test of a notebook after all its cells; skipped when some of them were not asked for."""

    obj = None  # pytest reads it from every item

    def setup(self) -> None:
        asked = [item for item in self.session.items if item.parent is self.parent and isinstance(item, IPyNbCell)]
        if len(asked) < sum(cell.cell_type == "code" for cell in self.parent.nb.cells):
            pytest.skip("not all cells of the notebook were run")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if excinfo.errisinstance(BrokenNotebookError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}: {self.name}"


class Budget(WholeNotebook):
    def runtest(self) -> None:
        from dgnet_lite.course import budgets

        profile = os.environ.get("DGNET_PROFILE", "toy")
        budget = budgets.load(self.path.parents[1]).get(budgets.name_of(self.path), {}).get(profile)
        command = f"python -m dgnet_lite.course run {self.path.stem}"
        if budget is None:
            raise BrokenNotebookError(f"{self.path.name} has no budget for the profile {profile}: {command}")
        said = budgets.off(budget, self.parent.meter.cost())
        if said:
            raise BrokenNotebookError(f"{self.path.name}, {profile}: {said}. If that is meant: {command}")


class Outcomes(WholeNotebook):
    def runtest(self) -> None:
        from dgnet_lite.course.books import check_cells, headers, read_book
        from dgnet_lite.course.checks.core import DONE, TO_DO

        wanted = DONE if self.path.parent.name == "solutions" else TO_DO
        book = read_book(self.path)
        outcomes = dict.fromkeys(check_cells(book, headers(self.path, book)), "never checked")
        for line in self.parent.results.read_text(encoding="utf-8").splitlines():
            outcomes[json.loads(line)["exercise"]] = json.loads(line)["outcome"]
        wrong = {number: outcome for number, outcome in outcomes.items() if outcome != wanted}
        if wrong:
            raise BrokenNotebookError(f"{self.path}: every exercise must come out as {wanted!r}, but {wrong}")


class LessonFile(IPyNbFile):
    """nbval's notebook, with its kernel in a scratch folder and measured."""

    def collect(self) -> Iterator[pytest.Item]:
        from dgnet_lite.course.run import FOLDERS, has_profile

        yield from super().collect()
        if self.path.parent.name in FOLDERS and has_profile(self.nb):
            yield Budget.from_parent(self, name="budget")
        if self.path.parent.name in ("solutions", "exercises"):
            yield Outcomes.from_parent(self, name="outcomes")

    def setup(self) -> None:
        from dgnet_lite.course.budgets import Meter
        from dgnet_lite.course.run import environment

        self.scratch = tempfile.TemporaryDirectory(prefix="dgnet-nbval-", ignore_cleanup_errors=True)
        self.results = Path(self.scratch.name, "results.jsonl")
        self.results.touch()
        strict = "1" if self.path.parent.name == "solutions" else None
        self.meter = Meter()
        self.meter.__enter__()
        with environment(DGNET_RESULTS=str(self.results), DGNET_STRICT=strict):
            wait = self.config.option.nbval_kernel_startup_timeout
            self.kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=self.scratch.name, startup_timeout=wait)
        self.setup_sanitize_files()

    def teardown(self) -> None:
        self.meter.__exit__(None, None, None)
        super().teardown()
        self.scratch.cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[Any], list[Any]]:
    """Make of nbval's files ours. It calls its own class by a fixed name, so that no other can be put in its place."""
    found = yield
    for file in found:
        if type(file) is IPyNbFile:
            file.__class__ = LessonFile
    return found
