"""A training one can watch: start, pause, stop, and go on from the last checkpoint."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import ipywidgets as w

from dgnet_lite.config import Config
from dgnet_lite.evaluation.monitor import Monitor, Reading
from dgnet_lite.show.live import training_view
from dgnet_lite.show.style import Picture, png
from dgnet_lite.show.widgets.base import show_errors
from dgnet_lite.training.loop import fit, save_checkpoint
from dgnet_lite.training.step import DGNetTask
from dgnet_lite.training.tracking import read_metrics


class Stopped(KeyboardInterrupt):
    """The reader pressed Stop; what has happened since the last checkpoint is lost, as with any interruption."""


class LiveTraining(w.VBox):
    """Trains `task` for `config.optim.steps` steps in `folder` and draws what happens, at each look and in between as
    often as a tenth of the time allows.

    `run()` trains in this cell, and the cell can be interrupted; `start()`, the button's way, trains beside it. Pause
    holds the training where it is. Stop ends it; either way of starting goes on from the last checkpoint in `folder`,
    also in a new kernel, and ends with the weights of a run that was never stopped, unless another cell draws random
    numbers from torch meanwhile.

    Args:
        task: what is trained.
        folder: of the checkpoint and the metrics.
        config: of the task.
        monitor: looks at the model `looks` times during a run.
    """

    def __init__(self, task: DGNetTask, folder: Path, config: Config, monitor: Monitor, *, looks: int = 12) -> None:
        self.task, self.folder, self.config, self.monitor = task, Path(folder), config, monitor
        self.every = max(1, config.optim.steps // looks // config.run.log_every) * config.run.log_every
        self.losses: dict[str, tuple[list[int], list[float]]] = {}
        self.readings: dict[int, Reading] = {}
        self._go, self._stop = threading.Event(), threading.Event()
        self._go.set()
        self._thread: threading.Thread | None = None
        self.buttons = {
            "start": w.Button(description="Start", icon="play", tooltip="Train, or go on from the last checkpoint"),
            "pause": w.ToggleButton(description="Pause", icon="pause", tooltip="Hold the training where it is"),
            "stop": w.Button(description="Stop", icon="stop", tooltip="End it; Start goes on from the last checkpoint"),
        }
        self.bar = w.IntProgress(0, 0, config.optim.steps, layout=w.Layout(width="300px"))
        self.said, self.error = w.HTML("not started"), w.HTML()
        self.image = w.Image(format="png")
        self.image.layout.max_width = "100%"
        super().__init__([w.HBox([*self.buttons.values(), self.bar, self.said]), self.error, self.image])
        self.buttons["start"].on_click(lambda _: show_errors(self.error, self.start))
        self.buttons["stop"].on_click(lambda _: self.stop())
        self.buttons["pause"].observe(lambda change: self._go.clear() if change.new else self._go.set(), names="value")
        self._draw()

    @property
    def picture(self) -> Picture:
        """The view as it stands."""
        return training_view(self.losses, self.readings, self.monitor, self.config)

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Train in a thread of its own, so that the notebook stays free. Does nothing while a training runs."""
        if not self.running:
            self._thread = threading.Thread(target=show_errors, args=(self.error, self._run_or_say), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the training at the next look, at the latest after `run.log_every` steps."""
        self._stop.set()
        self.buttons["pause"].value = False

    def wait(self) -> LiveTraining:
        """Until the training that runs beside the notebook has ended."""
        if self._thread is not None:
            self._thread.join()
        return self

    def run(self) -> Picture:
        """Train in this cell and return the last view. Raises what `fit` raises; interrupted, it can go on."""
        self._stop.clear()
        self._began, self._first = time.perf_counter(), None
        last = self.folder / "last.pt"
        if not last.exists():  # stopped before the first checkpoint, the task in memory is no longer at step 0
            save_checkpoint(last, self.task, 0, 0.0, self.config)
        elif not self.losses and (self.folder / "metrics.jsonl").is_file():  # begun in another kernel
            self._recall()
        quiet = {"tensorboard": False, "show_progress": False, "on_log": self._look}
        steps = self.config.optim.steps
        fit(self.task, steps, self.folder, self.config, **quiet)
        if steps - 1 not in self.readings:  # it was complete already
            self.readings[steps - 1] = self.monitor.read(self.task.model)
        self.said.value = f"{self.config.optim.steps:,} steps, done"
        self.bar.value = self.config.optim.steps
        self._draw()
        return self.picture

    def _recall(self) -> None:
        """Read the losses of a run begun elsewhere from its folder; how its swaps looked is not kept there."""
        table = read_metrics(self.folder)
        for name in table.columns:
            values = table[name].dropna()
            self.losses[name] = (values.index.tolist(), values.tolist())

    def _run_or_say(self) -> None:
        try:
            self.run()
        except Stopped:
            self.said.value = f"stopped after {self.bar.value:,} steps; Start goes on from the last checkpoint"

    def _look(self, step: int, values: dict[str, float]) -> None:
        self._first = step if self._first is None else self._first
        for name, value in values.items():
            steps, numbers = self.losses.setdefault(name, ([], []))
            while steps and steps[-1] >= step:  # gone on from an earlier checkpoint
                steps.pop(), numbers.pop()
            steps.append(step)
            numbers.append(value)
        self.readings = {at: reading for at, reading in self.readings.items() if at < step}
        done = step + 1
        self.bar.value = done
        self.said.value = f"{done:,} of {self.config.optim.steps:,} steps{self._time_left(step)}"
        if done % self.every == 0 or done == self.config.optim.steps:
            self.readings[step] = self.monitor.read(self.task.model)
            self._draw()
        elif time.perf_counter() - self._drawn > 10 * self._drawing:  # a view a second would take half of the time
            self._draw()
        self._go.wait()
        if self._stop.is_set():
            raise Stopped

    def _time_left(self, step: int) -> str:
        taken = step - self._first
        if taken <= 0:
            return ""
        seconds = (time.perf_counter() - self._began) / (taken + self.config.run.log_every)
        left = seconds * (self.config.optim.steps - step - 1)
        return f", {1 / seconds:.1f} a second, {left / 60:.1f} minutes left"

    def _draw(self) -> None:
        began = time.perf_counter()
        picture = self.picture
        self.image.value, self.image.alt = png(picture, compress_level=1), picture.alt_text
        self._drawn = time.perf_counter()
        self._drawing = self._drawn - began

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        picture, described = self.picture._repr_mimebundle_()
        return data | picture, metadata | described
