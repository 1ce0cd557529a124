"""Progress bars that work in a terminal, in a notebook, and in a notebook that another program runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm as text_tqdm
from tqdm.auto import tqdm as auto_tqdm


def progress(iterable: Iterable[Any] | None = None, *, show: bool = True, **kwargs: Any) -> Any:
    """tqdm over `iterable` (or with `total=`); with show=False it counts without drawing.

    The environment variable DGNET_PROGRESS says how: "auto" (the default: a widget in a notebook, else text), "text"
    (the runner of notebooks sets it, so that the bar is seen in the terminal), or "off".
    """
    how = os.environ.get("DGNET_PROGRESS", "auto")
    bar = text_tqdm if how == "text" else auto_tqdm
    return bar(iterable, disable=not show or how == "off", mininterval=0.5, **kwargs)


def say(message: str) -> None:
    """Print a line without breaking a bar that is being drawn."""
    text_tqdm.write(message)
