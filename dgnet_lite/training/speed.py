"""What a training step costs: seconds, where they go, arithmetic and memory, for several settings in one run.

    python -m dgnet_lite.training.speed --scale full --device cuda --out step.json

Images are noise and weights are as they fall, which changes no time. All settings of one call take their turns on the
same machine, and the first is what the others are compared with.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.presets import SCALES
from dgnet_lite.progress import progress
from dgnet_lite.report import environment
from dgnet_lite.study import write_json
from dgnet_lite.training.precision import bfloat16_pays
from dgnet_lite.training.step import DGNetTask

FLOAT32 = {"optim.bfloat16": False, "optim.channels_last": False}
WAYS: dict[str, dict[str, Any]] = {
    "float32": FLOAT32,
    "float32, channels_last": FLOAT32 | {"optim.channels_last": True},
    "bfloat16": FLOAT32 | {"optim.bfloat16": True},
    "bfloat16, channels_last": {},
    "bfloat16, channels_last, punishment every 4": {"losses.punishment_every": 4},
    "float32, channels_last, compiled": {"optim.bfloat16": False, "optim.compile": "default"},
    "bfloat16, channels_last, compiled": {"optim.compile": "default"},
    "bfloat16, channels_last, CUDA graphs": {"optim.compile": "reduce-overhead"},
}
"""Settings by name. Compiling takes minutes at full size, before anything is measured."""


def ways_of(device: str) -> list[str]:
    """Those that the device knows."""
    kind = torch.device(device).type
    left_out = ([] if bfloat16_pays(kind) else ["bfloat16"]) + ([] if kind == "cuda" else ["CUDA"])
    return [name for name in WAYS if not any(word in name for word in left_out)]


PARTS = ("E_a", "E_s", "G", "D", "teacher", "optimizers", "data", "losses and the rest")


def build(config: Config, num_ids: int, device: str, images: int = 64) -> DGNetTask:
    """A task of this configuration on noise: `images` images of a few of the `num_ids` identities."""
    torch.manual_seed(0)
    height = config.data.height
    noise = torch.randint(0, 256, (images, height, height // 2, 3), dtype=torch.uint8)
    labels, size = np.repeat(np.arange(images // 4), 4), config.optim.batch_size
    batches = Batches(
        noise, labels, np.tile(np.arange(4), images // 4), batch_size=size, pad=config.data.pad, device=device
    )
    networks = config.replace(**{"networks.backbone_weights": None}).networks
    model, teacher = DGNet(networks, num_ids).to(device), build_teacher(networks, num_ids).to(device)
    return DGNetTask(model, teacher, batches, config)


def seconds_a_step(task: DGNetTask, step: int, repeats: int) -> float:
    """The median over `repeats` steps, after three that do not count."""
    taken = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        task.update(step)["total"].item()  # waits for a GPU
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[3:])


def operations(task: DGNetTask, step: int) -> float:
    """Floating-point operations of convolutions and matrix products in a step, forward and backward; a product and its
    sum are two. Of a compiled step they are counted as if it were not."""
    compiled, task.compiled = task.compiled, nullcontext
    with _Counter() as counter:
        task.update(step)
    task.compiled = compiled
    return counter.flop


class _Counter(TorchDispatchMode):
    """Adds up PyTorch's own counts. Its FlopCounterMode follows modules too, which a gradient of a gradient forbids."""

    flop = 0.0

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        out = function(*args, **(kwargs or {}))
        count = flop_registry.get(function._overloadpacket)
        if count is not None:
            self.flop += count(*args, **(kwargs or {}), out_val=out)
        return out


def split(task: DGNetTask, step: int, repeats: int = 3) -> dict[str, float]:
    """Part of the step's time by `PARTS`, forward and backward; they add up to 1.

    On a GPU of the time in which it works, on a processor of its own time. A backward operation counts to the network
    whose forward operation it belongs to; so does the gradient of the gradient punishment, to D.
    """
    cuda = task.device.type == "cuda"
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if cuda else [])
    with _named(task):
        task.update(step)
        with profile(activities=activities) as profiler:
            for _ in range(repeats):
                task.update(step)["total"].item()
    own = (lambda e: e.self_device_time_total) if cuda else (lambda e: e.self_cpu_time_total)
    events = sorted((e for e in profiler.events() if e.device_type.name == "CPU"), key=lambda e: e.time_range.start)
    return _shares(events, own)


def _shares(events: Sequence[Any], own: Callable[[Any], float]) -> dict[str, float]:
    """Sum of `own(event)` by part. Events in the order of their beginning, so that parents come before children."""
    part_of: dict[int, str] = {}
    part_of_node: dict[tuple[int, int], str] = {}  # by thread and number of the forward operation
    sums: dict[str, float] = defaultdict(float)
    for event in events:
        part = part_of.get(id(event.cpu_parent), PARTS[-1])
        if event.name in PARTS:
            part = event.name
        elif event.name.startswith("Optimizer."):
            part = "optimizers"
        elif event.sequence_nr >= 0 and event.fwd_thread and (event.fwd_thread, event.sequence_nr) in part_of_node:
            part = part_of_node[event.fwd_thread, event.sequence_nr]
        part_of[id(event)] = part
        if event.sequence_nr >= 0:
            part_of_node[event.thread, event.sequence_nr] = part
        sums[part] += own(event)
    total = sum(sums.values()) or 1.0
    return {part: sums[part] / total for part in PARTS}


@contextmanager
def _named(task: DGNetTask) -> Iterator[None]:
    """Inside, the profiler sees the networks and the data by name."""
    networks = {name: getattr(task.model, name) for name in ("E_a", "E_s", "G", "D")} | {"teacher": task.teacher}
    handles = []
    for name, network in networks.items():
        open_ranges: list[record_function] = []

        def enter(*_: Any, name: str = name, ranges: list = open_ranges) -> None:
            ranges.append(record_function(name))
            ranges[-1].__enter__()

        def leave(*_: Any, ranges: list = open_ranges) -> None:
            ranges.pop().__exit__(None, None, None)

        for module in (network, *network.children()):  # E_a's backbone and heads are called by themselves, too
            handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    kept = {method: getattr(task.batches, method) for method in ("sample", "erase")}
    for method, function in kept.items():

        def within(*arguments: Any, function: Callable = function) -> Any:
            with record_function("data"):
                return function(*arguments)

        setattr(task.batches, method, within)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for method in kept:
            delattr(task.batches, method)


def _measured(config: Config, num_ids: int, device: str, repeats: int, early: int, late: int) -> dict[str, Any]:
    cuda, task = device.startswith("cuda"), build(config, num_ids, device)
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    times = {"before": seconds_a_step(task, early, repeats), "after": seconds_a_step(task, late, repeats)}
    flop = {"before": operations(task, early), "after": operations(task, late)}
    return {
        "seconds": times,
        "tflop": {k: v / 1e12 for k, v in flop.items()},
        "tflop_per_second": {k: flop[k] / times[k] / 1e12 for k in times},
        "memory_gib": torch.cuda.max_memory_allocated(device) / 2**30 if cuda else None,
    }


def measure(
    base: Config, num_ids: int, device: str, repeats: int, ways: Sequence[str] | None = None, show: bool = True
) -> dict[str, Any]:
    """Each of these `WAYS`, or all that the device has: seconds before and after the warm-up, memory, FLOP/s.

    Of a way that fails, which had too little memory or nothing to compile with, the error; the others go on. The split
    is that of the configuration as it is.
    """
    early, late = 0, base.optim.steps // 2
    found: dict[str, Any] = {}
    for name in progress(ways or ways_of(device), desc="measuring steps", unit="way", show=show):
        try:
            found[name] = _measured(base.replace(**WAYS[name]), num_ids, device, repeats, early, late)
        except RuntimeError as error:
            found[name] = {"error": str(error)}
    task = build(base, num_ids, device)
    return {
        "environment": environment(device),
        "recipe": base.recipe,
        "scale": base.scale,
        "batch_size": base.optim.batch_size,
        "num_ids": num_ids,
        "steps": {"before": early, "after": late},
        "repeats": repeats,
        "ways": found,
        "split": {when: split(task, step) for when, step in (("before", early), ("after", late))},
    }


def table(measured: dict[str, Any]) -> pd.DataFrame:
    """A line a way that did not fail: milliseconds before and after the warm-up, their ratio to the first line,
    TFLOP/s, GiB."""
    ways = {name: way for name, way in measured["ways"].items() if "error" not in way}
    rows = {
        name: {
            "ms before": 1000 * way["seconds"]["before"],
            "ms after": 1000 * way["seconds"]["after"],
            "ratio": way["seconds"]["after"] / next(iter(ways.values()))["seconds"]["after"],
            "TFLOP/s": way["tflop_per_second"]["after"],
            "GiB": way["memory_gib"] if way["memory_gib"] is not None else float("nan"),
        }
        for name, way in ways.items()
    }
    return pd.DataFrame(rows).T


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.training.speed", description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", default="full", choices=SCALES)
    parser.add_argument("--recipe", default="official", choices=("official", "paper"))
    parser.add_argument("--batch-size", type=int, help="default: the scale's")
    parser.add_argument("--num-ids", type=int, default=751)
    parser.add_argument("--repeats", type=int, default=20, help="steps of which the median is taken; default: 20")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ways", nargs="+", choices=WAYS, metavar="WAY", help=f"default: all; {'; '.join(WAYS)}")
    parser.add_argument("--out", type=Path, help="a JSON file")
    asked = parser.parse_args(arguments)
    for way in set(asked.ways or []) - set(ways_of(asked.device)):
        parser.error(f"{asked.device} does not do {way!r}: leave it out of --ways")
    config = Config.preset(asked.recipe, asked.scale)
    if asked.batch_size is not None:
        config = config.replace(**{"optim.batch_size": asked.batch_size})
    found = measure(config, asked.num_ids, asked.device, asked.repeats, asked.ways)
    if asked.out:
        write_json(asked.out, found)
    print(table(found).round(3).to_string())
    for name, way in found["ways"].items():
        if "error" in way:
            print(f"{name}: {way['error']}")
    print(pd.DataFrame(found["split"]).mul(100).round(1).to_string())


if __name__ == "__main__":
    main()
