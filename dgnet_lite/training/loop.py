"""The loop around every training: progress, tracking, checkpoints, resuming, and stopping at a non-finite loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from dgnet_lite.config import Config
from dgnet_lite.progress import progress
from dgnet_lite.training import checkpoint, distributed
from dgnet_lite.training.tracking import NoTracker, Tracker


@runtime_checkable
class Task(Protocol):
    """Something that can be trained step by step, and written down in between."""

    name: str

    def update(self, step: int) -> dict[str, Tensor]:
        """Do one step; return its losses by name, detached."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class NonFiniteLossError(FloatingPointError):
    """A loss became infinite or not a number. The last checkpoint is from before."""


def fit(
    task: Task,
    steps: int,
    folder: Path,
    config: Config,
    *,
    resume: bool = True,
    tensorboard: bool = True,
    show_progress: bool = True,
    on_log: Callable[[int, dict[str, float]], None] | None = None,
) -> float:
    """Train `task` to `steps` in `folder`; returns the seconds it took, over all its interrupted parts.

    Every `run.checkpoint_every` steps and at the end FOLDER/last.pt is replaced; with `resume` a run starts from it and
    ends with the same weights as one never interrupted. Killed, it loses the steps since then and nothing else.
    A run that is already complete returns at once.

    Raises ValueError if the folder holds a run of another config or another data set, FileExistsError if it holds one
    and `resume` is False, NonFiniteLossError with the step and the loss.

    One of several processes (training/distributed.py): all must call it; the first one writes, shows and logs.
    """
    folder = Path(folder)
    last = folder / "last.pt"
    first, seconds = 0, 0.0
    if last.exists():
        if not resume:
            raise FileExistsError(f"{folder} already holds a run: give another out_dir, or resume=True to go on")
        first, seconds = _load(last, task, steps, config)
    distributed.wait_for_all()  # who writes must not be ahead of who still reads
    if first >= steps:
        return seconds
    every, log_every, image_every = config.run.checkpoint_every, config.run.log_every, config.run.image_every
    device = getattr(task, "device", torch.device("cpu"))
    waiting: list[tuple[int, dict[str, Tensor]]] = []  # losses not yet read, so that a GPU need not be waited for
    distributed.own_dropout(config.seed + first)
    start, writes = time.perf_counter(), distributed.is_first()
    with Tracker(folder, first, tensorboard) if writes else NoTracker() as tracker:
        bar = progress(total=steps, initial=first, desc=task.name, unit="step", show=show_progress and writes)
        with bar:
            for step in range(first, steps):
                waiting.append((step, task.update(step)))
                done = step + 1
                if done % log_every == 0 or done % every == 0 or done == steps:
                    means = _read(waiting, task.name, folder, device)
                    waiting.clear()
                    elapsed = time.perf_counter() - start
                    if done % log_every == 0 or done == steps:
                        rate = (done - first) / elapsed
                        memory = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0
                        values = means | {"steps_per_second": rate} | ({"gpu_gib": memory} if memory else {})
                        tracker.log(step, values)
                        bar.set_postfix(total=f"{means['total']:.3f}", refresh=False)
                        if on_log and writes:
                            on_log(step, values)
                if writes and hasattr(task, "images") and (done % image_every == 0 or done == steps):
                    tracker.images(step, "x_i, x_j, swap", task.images())
                if writes and (done % every == 0 or done == steps):
                    save_checkpoint(last, task, done, seconds + time.perf_counter() - start, config)
                bar.update()
    return seconds + time.perf_counter() - start


def _read(
    waiting: list[tuple[int, dict[str, Tensor]]], name: str, folder: Path, device: torch.device
) -> dict[str, float]:
    """Means of the losses over the steps since the last reading; raises at the first that is not finite."""
    sums: dict[str, list[float]] = {}
    for step, losses in waiting:
        numbers = distributed.averages({loss: float(value) for loss, value in losses.items()}, device)
        for loss, number in numbers.items():
            if not (abs(number) < float("inf")):
                last = folder / "last.pt"
                kept = f"{last} holds the last good step." if last.exists() else "Nothing was saved yet."
                raise NonFiniteLossError(
                    f"{name}: loss {loss!r} is {number} at step {step}. Try a lower learning rate or weight for it, "
                    "check that the images are normalised and the teacher is trained, or set optim.bfloat16=False. "
                    f"{kept}"
                )
            sums.setdefault(loss, []).append(number)
    return {loss: sum(values) / len(values) for loss, values in sums.items()}


def save_checkpoint(path: Path, task: Task, step: int, seconds: float, config: Config) -> None:
    """Write what `fit` goes on from: the task as it is after `step` steps, and the state of the random numbers."""
    state = {"task": task.state_dict(), "step": step, "seconds": seconds, "config": config.to_dict()}
    checkpoint.save(path, state | {"rng": checkpoint.rng_state()})


def _load(path: Path, task: Task, steps: int, config: Config) -> tuple[int, float]:
    state = checkpoint.load(path)
    then = Config.from_dict(state["config"])
    changed = config.differences(then)
    if changed:
        raise ValueError(
            f"{path} is of a run with other settings ({', '.join(changed[:5])}): give another out_dir, or delete it"
        )
    if state["step"] > steps:
        raise ValueError(f"{path} is at step {state['step']}, beyond the {steps} asked for: give another out_dir")
    try:
        task.load_state_dict(state["task"])
    except (ValueError, RuntimeError, KeyError) as error:
        raise ValueError(
            f"{path} does not fit this run; is it of another data set? ({error}) Give another out_dir, or delete it."
        ) from error
    checkpoint.set_rng_state(state["rng"])
    return state["step"], state["seconds"]
