"""exercises/ from solutions/: what stands between the markers is replaced by a stub, the rest stays as it is.

    python -m dgnet_lite.course build            # write exercises/ and the tables of notebooks/TEACHING.md
    python -m dgnet_lite.course build --check    # say what would change

Inside a function the stub raises NotImplementedError, which the check understands as "to do". At the top of a cell it
assigns `...` to the names that later code uses. nbgrader takes the solutions and the outputs out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dgnet_lite.course import teaching
from dgnet_lite.course.books import (
    BookError,
    book_text,
    check_cells,
    checks_called,
    headers,
    lesson_paths,
    read_book,
    settle,
    write_book,
)

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
ANY_MARKER = re.compile(r"\b(BEGIN|END)[ _]SOLUTIONS?\b", re.IGNORECASE)
PLACEHOLDER = "__stub__"


@dataclass(frozen=True)
class Region:
    """A solution in a cell: the lines of its markers, from 1."""

    begin: int
    end: int


def find_regions(path: Path, place: int, cell: NotebookNode) -> list[Region]:
    """The solutions of a cell.

    Raises BookError: markers that are not balanced, not written as they must be, or not in a code cell.
    """
    regions: list[Region] = []
    opened = 0
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if not ANY_MARKER.search(line):
            continue
        where = f"{path}, cell {place}, line {number}"
        if cell.cell_type != "code":
            raise BookError(f"{where}: a solution's marker in a text cell; solutions stand in code cells")
        if line.strip() == BEGIN:
            if opened:
                raise BookError(f"{where}: a second '{BEGIN}'; the one of line {opened} has no '{END}'")
            opened = number
        elif line.strip() == END:
            if not opened:
                raise BookError(f"{where}: '{END}' without '{BEGIN}'")
            regions.append(Region(opened, number))
            opened = 0
        else:
            raise BookError(f"{where}: {line.strip()!r} is no marker; write '{BEGIN}' or '{END}' on a line of its own")
    if opened:
        raise BookError(f"{path}, cell {place}, line {opened}: '{BEGIN}' without '{END}'")
    return regions


def stub(where: str, number: str, source: str, region: Region, later: set[str]) -> str:
    """What stands in the exercise in place of a solution.

    Args:
        where: file, cell and line, for complaints.
        number: of the exercise.
        source: the whole cell.
        region: the solution in it.
        later: names that are read outside the solution.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise BookError(f"{where}: Python cannot read the cell ({error}); leave magics out of it") from None
    own = [n for n in tree.body if region.begin < n.lineno and (n.end_lineno or 0) < region.end]
    if any(_holds(n, region) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        if own:
            raise BookError(f"{where}: the solution goes on after the function's end; put '{END}' into the body")
        return f'raise NotImplementedError("exercise {number}: your code here")'
    across = [n for n in tree.body if n.lineno < region.begin < (n.end_lineno or 0)]
    if across or any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in own):
        raise BookError(
            f"{where}: the markers stand around a definition, or inside a class, loop or condition; "
            "put them inside a function's body, or around assignments at the top of the cell"
        )
    stored = [n.id for s in own for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    names = [name for name in dict.fromkeys(stored) if name in later]
    if not names:
        raise BookError(f"{where}: the solution assigns no name that is used after it, so nothing could be checked")
    return "\n".join(f"{name} = ...  # exercise {number}: your code here" for name in names)


def _holds(function: ast.FunctionDef, region: Region) -> bool:
    """Whether the solution is made of statements of the function's body."""
    body = [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.stmt)]
    return function.lineno < region.begin and any(region.begin < n.lineno < region.end for n in body)


def _names_read(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _stubs(path: Path, book: NotebookNode) -> list[str]:
    """The stubs of all solutions in their order, after the rules of an exercise were checked."""
    found = headers(path, book)
    stubs: list[str] = []
    solved: set[str] = set()
    for place, cell in enumerate(book.cells):
        for region in find_regions(path, place, cell):
            where = f"{path}, cell {place}, line {region.begin}"
            above = [header for header in found if header.place < place]
            if not above:
                raise BookError(f"{where}: a solution before the first '### Exercise' title")
            rest = cell.source.split("\n")[region.end :]
            later = _names_read("\n".join(rest)).union(*(_names_read(c.source) for c in book.cells[place + 1 :]))
            stubs.append(stub(where, above[-1].number, cell.source, region, later))
            solved.add(above[-1].number)
    checked = check_cells(book, found)
    for header in found:
        where = f"{path}, cell {header.place}: exercise {header.number}"
        if header.number not in solved:
            raise BookError(f"{where} has no '{BEGIN}' beneath it")
        if header.number not in checked:
            raise BookError(f"{where} has no cell that calls its check, check_...(...)")
        source = checked[header.number].source
        if BEGIN in source:
            raise BookError(f"{where}: the check stands in the cell of the solution; give it the next cell")
        if any(not re.search(rf"import .*\b{name}\b", source) for name in checks_called(source)):
            raise BookError(f"{where}: import the check in the cell that calls it, so that grading can trust the cell")
    return stubs


def exercise_text(path: Path) -> str:
    """The exercise notebook, as the text of its file, of the solution notebook at `path`.

    Raises BookError: the solution breaks a rule; file, cell and line are named.
    """
    from nbgrader.preprocessors import ClearOutput, ClearSolutions

    book = read_book(path)
    stubs = iter(_stubs(path, book))
    clear = ClearSolutions(
        enforce_metadata=False,
        code_stub={"python": PLACEHOLDER},
        begin_solution_delimeter=BEGIN,
        end_solution_delimeter=END,
    )
    for preprocessor in (clear, ClearOutput()):
        book, _ = preprocessor.preprocess(book, {})
    for cell in book.cells:
        lines = cell.source.split("\n")
        cell.source = "\n".join(_filled(line, next(stubs)) if line.strip() == PLACEHOLDER else line for line in lines)
    settle(book)
    return book_text(book)


def _filled(line: str, text: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return "\n".join(indent + part for part in text.split("\n"))


def difference(path: Path, expected: str) -> str | None:
    """How the exercise at `path` differs from what it must be; None when it does not."""
    if not path.is_file():
        return f"{path} is missing"
    if path.read_bytes() == expected.encode("utf-8"):
        return None
    try:
        has = read_book(path)
    except BookError as error:
        return str(error)
    wants = nbformat.reads(expected, as_version=nbformat.NO_CONVERT)
    for place, (a, b) in enumerate(zip(has.cells, wants.cells, strict=False)):
        if a != b:
            lines = zip(a.source.split("\n"), b.source.split("\n"), strict=False)
            line = next((n for n, (x, y) in enumerate(lines, start=1) if x != y), None)
            what = f"line {line}" if line else "its length, outputs, id or tags"
            return f"{path}, cell {place}: {what} is not as in the solution"
    if len(has.cells) != len(wants.cells):
        return f"{path} has {len(has.cells)} cells, the solution {len(wants.cells)}"
    return f"{path} differs in its metadata or layout"


def build(root: Path, *, check: bool = False) -> list[str]:
    """Write every exercise that is out of date, or with check=True nothing; returns what is wrong, a line each."""
    problems: list[str] = []
    solutions = lesson_paths(root / "solutions")
    for path in solutions:
        target = root / "exercises" / path.name
        try:
            text = exercise_text(path)
        except BookError as error:
            problems.append(str(error))
            continue
        found = difference(target, text)
        if found and check:
            problems.append(found)
        elif found:
            write_book(target, text)
            print(f"{target}: written")
    known = {path.name for path in solutions}
    for path in sorted((root / "exercises").glob("*.ipynb")):
        if path.name not in known:
            problems.append(f"{path} has no notebook in solutions/, where exercises are made from: delete it")
    page = teaching.page_of(root)
    if page.is_file() and not problems:
        old = page.read_text(encoding="utf-8")
        new = teaching.fill_in(old, root)
        if new != old and check:
            problems.append(f"{page}: a table is not as the notebooks say")
        elif new != old:
            write_book(page, new)
            print(f"{page}: written")
        problems += _renew_maps(root, check=check)
    return problems


def _renew_maps(root: Path, *, check: bool) -> list[str]:
    """The minutes on the map of the README and of lesson 00; returns what is out of date, with check=True."""
    problems: list[str] = []
    readme, first = root / "README.md", root / "notebooks" / "00_start_here.ipynb"
    if readme.is_file():
        old = readme.read_text(encoding="utf-8")
        new = teaching.fill_map(old, root)
        if new != old:
            problems.append(f"{readme}: the map is not as the notebooks say")
            if not check:
                write_book(readme, new)
    if first.is_file():
        book, changed = read_book(first), False
        for cell in book.cells:
            new = teaching.fill_map(cell.source, root) if cell.cell_type == "markdown" else cell.source
            changed, cell.source = changed or new != cell.source, new
        if changed:
            problems.append(f"{first}: the map is not as the notebooks say")
            if not check:
                write_book(first, book_text(book))
    if not check:
        for line in problems:
            print(f"{line.partition(':')[0]}: written")
        return []
    return problems
