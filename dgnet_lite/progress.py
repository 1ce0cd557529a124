"""Progress bars that work in a terminal, in a notebook, and in a notebook that another program runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm as text_tqdm
from tqdm.auto import tqdm as auto_tqdm

TEXT_SIZE = {"ncols": 79, "nrows": 24}


def progress(iterable: Iterable[Any] | None = None, *, show: bool = True, **kwargs: Any) -> Any:
    """tqdm over `iterable` (or with `total=`); with show=False it counts without drawing.

    The environment variable DGNET_PROGRESS says how: "auto" (the default: a widget in a notebook, else text), "text"
    (the runner of notebooks sets it, so that the bar is seen in the terminal), or "off".
    """
    how = os.environ.get("DGNET_PROGRESS", "auto")
    disabled = not show or how == "off"
    if how == "text":  # of a given size, or tqdm asks a terminal that a notebook's kernel does not have, and may get 0
        return text_tqdm(iterable, disable=disabled, mininterval=0.5, **TEXT_SIZE, **kwargs)
    return auto_tqdm(iterable, disable=disabled, mininterval=0.5, **kwargs)


def say(message: str) -> None:
    """Print a line without breaking a bar that is being drawn."""
    text_tqdm.write(message)
