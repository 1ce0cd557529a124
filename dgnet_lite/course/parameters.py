"""Parameters of a notebook that papermill runs: known by name, or refused."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

INJECTED = "# Parameters"
"""First line of the cell that papermill puts after the one tagged `parameters`."""

SECONDS_TO_KEEP = 3600

T = TypeVar("T")


def assigned_names(source: str) -> list[str]:
    """Names that a cell assigns at its top, with and without a type, in their order."""
    names = []
    for statement in ast.parse(source).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                names.append(name)
    return names


def unknown_parameter(name: str, known: Sequence[str]) -> str:
    """What to say about a parameter that the notebook does not have."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown parameter {name!r}.{hint} The notebook's parameters: {', '.join(known) or 'none'}."


def refuse_unknown(cells: Sequence[str], known: Sequence[str]) -> None:
    """Raise ValueError for the first name in papermill's injected cell that is not in `known`.

    papermill itself only prints a message, and the run goes on with the default.

    Args:
        cells: the sources of the cells run so far: `In` in a notebook.
        known: the names of the cell tagged `parameters`.
    """
    for cell in cells:
        if cell.startswith(INJECTED):
            for name in assigned_names(cell):
                if name not in known:
                    raise ValueError(unknown_parameter(name, known))


def collect(kind: type[T], notebook: Mapping[str, Any]) -> T:
    """The dataclass `kind` filled from a notebook's variables of the same names; lists become tuples.

    Call it as `collect(Settings, globals())` in the cell after the parameters.

    Raises ValueError: papermill was given a parameter that `kind` does not have, or what `kind` itself refuses.
    """
    names = [field.name for field in dataclasses.fields(kind)]
    refuse_unknown(notebook.get("In", ()), names)
    values = {name: notebook[name] for name in names}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def project_folder() -> Path:
    """The checkout that the current folder lies in, or else the current folder itself.

    A notebook's kernel starts beside the notebook, papermill's where the command was given; results go to one place.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dgnet_lite").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return here


def near(path: Path) -> Path:
    """The path as seen from the current folder when it lies inside, so that nothing names a person's home folder."""
    path = path.absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


_kept: list[tempfile.TemporaryDirectory] = []


def temporary_folder() -> Path:
    """One folder for this process, removed when it ends; a killed one's is removed by a later run."""
    if not _kept:
        for left in Path(tempfile.gettempdir()).glob("dgnet-lite-*"):
            if time.time() - left.stat().st_mtime > SECONDS_TO_KEEP:
                shutil.rmtree(left, ignore_errors=True)
        _kept.append(tempfile.TemporaryDirectory(prefix="dgnet-lite-", ignore_cleanup_errors=True))
    return Path(_kept[0].name)
