"""What a run leaves to look at: metrics.jsonl, and TensorBoard scalars and images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor

from dgnet_lite.training.checkpoint import write_whole


class Tracker:
    """Appends one JSON line a log point to FOLDER/metrics.jsonl and mirrors it to FOLDER/tensorboard.

    `first_step`: where this run starts. Lines from there on, left by a run that went further than its last checkpoint,
    are dropped, as is a line cut short; so an interrupted and resumed run leaves the same file as one in a piece.
    """

    def __init__(self, folder: Path, first_step: int = 0, tensorboard: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "metrics.jsonl"
        kept = [line for line in read_lines(self.path) if line["step"] < first_step]
        write_whole(self.path, lambda file: file.writelines(json.dumps(line).encode() + b"\n" for line in kept))
        self.file = self.path.open("a", buffering=1)
        self.writer = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter  # slow to import, and a lesson may do without

            self.writer = SummaryWriter(folder / "tensorboard", purge_step=first_step)

    def log(self, step: int, values: dict[str, float]) -> None:
        self.file.write(json.dumps({"step": step, **values}) + "\n")
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(name, value, step)

    def images(self, step: int, name: str, images: Tensor) -> None:
        """A grid of uint8 (N, H, W, 3)."""
        if self.writer:
            self.writer.add_images(name, images.cpu(), step, dataformats="NHWC")

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        if self.writer:
            self.writer.close()


class NoTracker:
    """Of a process that leaves the writing to the first."""

    def log(self, step: int, values: dict[str, float]) -> None: ...

    def images(self, step: int, name: str, images: Tensor) -> None: ...

    def __enter__(self) -> NoTracker:
        return self

    def __exit__(self, *error: object) -> None: ...


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a metrics file; none if there is no file."""
    lines = []
    if path.is_file():
        for text in path.read_text().splitlines():
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:
                break  # the last line of a killed run
    return lines


def read_metrics(folder: Path) -> pd.DataFrame:
    """metrics.jsonl of a run as a table: one row a log point, one column a loss, index `step`."""
    path = Path(folder) / "metrics.jsonl"
    if not path.is_file():
        raise FileNotFoundError(f"no metrics.jsonl in {folder}: nothing was trained there yet")
    return pd.DataFrame(read_lines(path)).set_index("step")
