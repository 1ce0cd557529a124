"""Notebooks as files: read with a clear complaint, written in one fixed layout, and the exercises found in them."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from dgnet_lite.training.checkpoint import write_whole

LESSON = re.compile(r"\d\d_\w+")
TITLE = re.compile(r"^#+ Exercise (\d\d\.\d+) · (.+)$", re.MULTILINE)
FACTS = re.compile(
    r"^Difficulty (?P<difficulty>●{1,5}○{0,4}) · Importance (?P<importance>●{1,5}○{0,4})"
    r" · (?P<minutes>\d+) minutes · (?P<source>\S.*)$",
    re.MULTILINE,
)
FOR_GRADING = "for-grading"
"""Tag of the header's cell: the check alone can judge the answer."""

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class BookError(Exception):
    """A notebook is not as it must be; the message says which file and cell, what was found, and what to do."""


@dataclass(frozen=True)
class Header:
    """What stands above an exercise."""

    number: str
    title: str
    difficulty: int
    importance: int
    minutes: int
    source: str
    for_grading: bool
    place: int
    """Index of the cell in the notebook."""


def lesson_paths(folder: Path) -> list[Path]:
    """The notebooks NN_name.ipynb of a folder, in their order; none when there is no such folder."""
    return sorted(path for path in folder.glob("*.ipynb") if LESSON.fullmatch(path.stem))


def read_book(path: Path) -> NotebookNode:
    """A notebook in today's format. Cells without an id of their own get one that follows from what they hold.

    Raises BookError: the file is missing or no notebook.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["nbformat"] != 4:
            raw = nbformat.convert(nbformat.from_dict(raw), 4)
        raw["nbformat_minor"] = 5
        _complete_ids(path.stem, raw["cells"])
        book = nbformat.from_dict(raw)
        for cell in book.cells:
            cell.source = "".join(cell.source) if isinstance(cell.source, list) else cell.source
            cell.setdefault("metadata", {})
            for output in cell.get("outputs", []):
                _join_lines(output)
        nbformat.validate(book)
    except FileNotFoundError:
        raise BookError(f"no notebook at {path}") from None
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        said = " ".join(str(error).split())[:160]
        raise BookError(f"{path} is no notebook that can be read ({type(error).__name__}: {said})") from None
    return book


def _complete_ids(name: str, cells: list[dict[str, Any]]) -> None:
    """Give an id to each cell that lacks one or repeats one; the same notebook always gets the same."""
    used: set[str] = set()
    for cell in cells:
        own = cell.get("id")
        copy = 0
        while not own or own in used:
            text = json.dumps([name, cell["cell_type"], cell["source"], copy])
            own = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
            copy += 1
        used.add(own)
        cell["id"] = own


def _join_lines(output: NotebookNode) -> None:
    """A file may hold text as a list of lines."""
    if isinstance(output.get("text"), list):
        output.text = "".join(output.text)
    for kind, value in output.get("data", {}).items():
        if isinstance(value, list) and not kind.endswith("json"):
            output.data[kind] = "".join(value)


def book_text(book: NotebookNode) -> str:
    """The notebook as the text of its file."""
    return nbformat.writes(book, version=nbformat.NO_CONVERT) + "\n"


def write_book(path: Path, text: str) -> None:
    """Write a notebook's file; whole or not at all."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


WIDGET = "application/vnd.jupyter.widget-view+json"
"""A widget's number in its kernel: without that kernel an empty box, which hides the picture beside it."""


def settle(book: NotebookNode) -> None:
    """Leave only what does not change from run to run and from program to program: in place."""
    book.metadata = nbformat.from_dict(KERNEL)
    for cell in book.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            if "execution_count" in output:
                output.execution_count = cell.execution_count
            if "transient" in output:
                del output["transient"]
            output.get("data", {}).pop(WIDGET, None)


def headers(path: Path, book: NotebookNode) -> list[Header]:
    """The exercises of a notebook, in their order.

    Raises BookError: a header that lacks something, a number of another lesson, or a number that stands twice.
    """
    found: list[Header] = []
    for place, cell in enumerate(book.cells):
        title = TITLE.search(cell.source) if cell.cell_type == "markdown" else None
        if cell.cell_type == "markdown" and not title and re.search(r"^#+ *Exercise\b", cell.source, re.M | re.I):
            raise BookError(f"{path}, cell {place}: write the title as '### Exercise {path.stem[:2]}.1 · Its name'")
        if not title:
            continue
        facts = FACTS.search(cell.source)
        if not facts or len(facts["difficulty"]) != 5 or len(facts["importance"]) != 5:
            raise BookError(
                f"{path}, cell {place}: beneath the title of exercise {title[1]} write a line as "
                "'Difficulty ●●○○○ · Importance ●●●●○ · 15 minutes · eq. (4)', five dots each"
            )
        if title[1][:2] != path.stem[:2] or title[1] in [each.number for each in found]:
            raise BookError(f"{path}, cell {place}: exercise {title[1]} is of another lesson or stands twice")
        found.append(
            Header(
                number=title[1],
                title=title[2].strip(),
                difficulty=facts["difficulty"].count("●"),
                importance=facts["importance"].count("●"),
                minutes=int(facts["minutes"]),
                source=facts["source"].strip(),
                for_grading=FOR_GRADING in cell.metadata.get("tags", []),
                place=place,
            )
        )
    return found


def checks_called(source: str) -> list[str]:
    """Names of the checks that a code cell calls; empty also for code that Python cannot read."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    calls = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [name for name in calls if name.startswith("check_")]


def check_cells(book: NotebookNode, found: list[Header]) -> dict[str, NotebookNode]:
    """By exercise number, the cell that calls its check; a number that lacks one is left out."""
    cells = {}
    for header, after in zip(found, [*found[1:], None], strict=True):
        own = book.cells[header.place : after.place if after else None]
        for cell in own:
            if cell.cell_type == "code" and checks_called(cell.source):
                cells[header.number] = cell
                break
    return cells
