"""Speed and memory, side by side in one run; nothing is asserted about either.

    python -m pytest tests/benchmarks -m benchmarks -s               # all; about fifteen minutes on two cores
    python -m pytest tests/benchmarks -m benchmarks -s -k retrieval
    DGNET_DEVICE=cuda python -m pytest tests/benchmarks -m benchmarks -s -k full_size
    DGNET_BENCHMARKS=notebooks/results/benchmarks.json python -m pytest tests/benchmarks/test_speed.py -m benchmarks -s

The last also notes what was measured, by title, in the JSON file; then `python -m dgnet_lite.show.readme` shows it.
Each contest takes its turns one after the other, several times over, so that other work on the machine meets all of
them, and reports the best time of each. A ratio below 1 is faster than the first line.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from dgnet_lite import trained
from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches
from dgnet_lite.data.load import load_data
from dgnet_lite.data.toymarket import PRESETS, ToyMarket, write
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.evaluation import retrieval
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.networks.blocks import InstanceNorm
from dgnet_lite.networks.upsampling import DoubledConv
from dgnet_lite.report import environment
from dgnet_lite.show.widgets import explore, judge, studio
from dgnet_lite.show.widgets.base import Interactive
from dgnet_lite.study import write_json
from dgnet_lite.training.precision import bfloat16_pays
from dgnet_lite.training.speed import split
from dgnet_lite.training.step import DGNetTask

pytestmark = [pytest.mark.benchmarks, pytest.mark.slow]

AFTER = 50_000
"""A step at which every loss of the full schedule acts."""

DEVICE = os.environ.get("DGNET_DEVICE", "cpu")
"""Of the step at full size; the rest is measured on the processor."""

BATCH_SIZE = 4 if DEVICE == "cpu" else 16
"""Of the step at full size: anchors x_i, half of them from each of the release's loaders."""


NOTES = os.environ.get("DGNET_BENCHMARKS")
"""The file in which to note what was measured."""


def note(title: str, **measured: object) -> None:
    """Add to what stands under this title in the file, if there is one to write."""
    if not NOTES:
        return
    path = Path(NOTES)
    known = json.loads(path.read_text()) if path.is_file() else {}
    where = {"environment": environment(DEVICE), "cpu": processor()}
    known[title] = known.get(title, {}) | where | measured
    write_json(path, known)


def processor() -> str:
    """How many cores, and which instructions of theirs matter to PyTorch."""
    half = " with bfloat16" if bfloat16_pays("cpu") else ""
    return f"{os.cpu_count()} CPU cores, {torch.backends.cpu.get_cpu_capability()}{half}"


def contest(
    title: str, turns: Mapping[str, Callable[[], object]], rounds: int, aims: Mapping[str, str] | None = None
) -> None:
    """Print the best time of each turn, and its ratio to the first; one round before is not counted.

    aims: by turn, in words, what the project set itself.
    """
    times: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds + 1):
        for name, turn in turns.items():
            start = time.perf_counter()
            turn()
            if DEVICE != "cpu":
                torch.cuda.synchronize()
            times[name].append(time.perf_counter() - start)
    best = {name: min(taken[1:]) for name, taken in times.items()}
    first = next(iter(best.values()))
    print(f"\n{title} (torch threads: {torch.get_num_threads()})")
    for name, seconds in best.items():
        print(f"  {name:52s}{seconds:9.3f} s  {seconds / first:5.2f}")
    note(title, seconds=best, aims=dict(aims or {}))


RETRIEVAL = "3,368 queries x 19,732 gallery images, 1024 numbers each"


def peak_gb() -> float:
    """Most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def added_gb(work: Callable[[], object]) -> float:
    """Most memory that the process holds while it does this, over what it held before, by a look every 2 ms."""
    process, done = psutil.Process(), threading.Event()
    before = most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return (most - before) / 2**30


def market_sized(dimensions: int = 1024) -> tuple[np.ndarray, ...]:
    """Features, ids and cameras of 3,368 queries and 19,732 gallery images, 6,617 of them distractors."""
    rng = np.random.default_rng(0)
    query_ids, gallery_ids = rng.integers(1, 751, 3_368), rng.integers(1, 751, 19_732)
    gallery_ids[13_115:] = 0
    centres = rng.standard_normal((751, dimensions), np.float32)
    sides = []
    for ids in (query_ids, gallery_ids):
        features = centres[ids] + 4 * rng.standard_normal((len(ids), dimensions), np.float32)
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        sides += [features, ids, rng.integers(1, 7, len(ids))]
    return tuple(sides)


def test_retrieval_at_the_size_of_market1501():
    problem = market_sized()
    memory = added_gb(lambda: retrieval.evaluate(*problem))
    print(f"\nevaluate: at most {memory:.2f} GB beside torch and the features")
    note(RETRIEVAL, memory_gb=memory)
    query, gallery = retrieval._checked_pair(*problem)
    turns = {
        "the whole gallery sorted": lambda: list(retrieval._rank(query, gallery, 512)),
        "evaluate: CMC, mAP by both rules": lambda: retrieval.evaluate(*problem),
    }
    contest(RETRIEVAL, turns, rounds=2, aims={"evaluate: CMC, mAP by both rules": "4 s"})


def full_size(**settings: object) -> DGNetTask:
    """The release's recipe at full size, with as many positives as anchors, on noise."""
    config = Config.preset(
        "official", "full", **{"networks.backbone_weights": None, "optim.batch_size": BATCH_SIZE, **settings}
    )
    torch.manual_seed(0)
    images, labels = torch.randint(0, 256, (32, 256, 128, 3), dtype=torch.uint8), np.repeat(np.arange(8), 4)
    batches = Batches(images, labels, np.tile(np.arange(4), 8), batch_size=BATCH_SIZE, pad=10, seed=0, device=DEVICE)
    model, teacher = DGNet(config.networks, 751).to(DEVICE), build_teacher(config.networks, 751).to(DEVICE)
    return DGNetTask(model, teacher, batches, config)


def with_library_layers(task: DGNetTask) -> DGNetTask:
    """The task with torch's instance norm, and with upsampling and convolution one after the other."""
    for module in task.model.modules():
        if isinstance(module, DoubledConv):
            module.folded = False
        if isinstance(module, InstanceNorm):
            module.forward = torch.nn.functional.instance_norm
    return task


def test_a_step_at_full_size(shapes_unchecked):
    release = runpy.run_path(str(Path(__file__).parents[1] / "training" / "test_step_parity.py"))["Release"]
    float32 = {"optim.bfloat16": False, "optim.channels_last": False}
    tasks = {
        "the release restated, float32": release(with_library_layers(full_size(**float32)), "sum"),
        "ours, float32": full_size(**float32),
        "ours, float32, channels_last": full_size(**{"optim.bfloat16": False}),
        "ours, float32, channels_last, compiled": full_size(**{"optim.bfloat16": False, "optim.compile": "default"}),
    }
    if bfloat16_pays(DEVICE):
        tasks["ours, bfloat16, channels_last"] = full_size()
        tasks["ours, bfloat16, channels_last, compiled"] = full_size(**{"optim.compile": "default"})
    turns = {name: lambda task=task: task.update(AFTER) for name, task in tasks.items()}
    half, rounds = BATCH_SIZE // 2, 2 if DEVICE == "cpu" else 8
    title = f"a step after 30,000, 256 x 128, batch {half} + {half}, {DEVICE}"
    aims = {"ours, float32, channels_last": "ratio 0.75", "ours, bfloat16, channels_last": "ratio 0.5"}
    contest(title, turns, rounds, aims)
    uncompiled = [task for name, task in tasks.items() if "compiled" not in name]
    parts = split(uncompiled[-1], AFTER, repeats=1)
    print("  " + ", ".join(f"{name} {share:.1%}" for name, share in parts.items()))
    note(title, split=parts)
    print(f"  at most {peak_gb():.1f} GB, all of them together")


def test_drawing(tmp_path):
    world = ToyMarket.load(write(tmp_path / "toy", PRESETS["smoke"], height=64, seed=0, workers=1, progress=False))
    keys = list(world.factors.index)
    turns = {
        f"{len(keys)} pictures, {height} x {height // 2}": lambda height=height: world.render_many(
            [(key, key) for key in keys], height=height, workers=1
        )
        for height in (64, 128, 256)
    }
    contest("drawing in one process", turns, rounds=3)


def test_from_a_slider_to_its_picture(tmp_path):
    """With the shipped model, on Toy Market as the lessons have it."""
    config = Config.preset("official", "toy")
    data = load_data(config, tmp_path)
    models = trained.from_file(trained.SHIPPED, config, data.num_ids)
    sides = [embed(models.model.E_a, images) for images in (data.query, data.gallery)]
    prim, fine = zip(*sides, strict=True)
    betas, q, g = [0.0, 0.5, 1.0], data.index.query, data.index.gallery
    joined = [[combine(*side, beta) for side in sides] for beta in betas]
    ap = np.stack([retrieval.evaluate(a, q.ids, q.cameras, b, g.ids, g.cameras).ap for a, b in joined], axis=1)
    boxes = {
        ("data explorer", "person"): explore.data_explorer(data),
        ("ranking browser", "query"): explore.ranking_browser(*joined[1], data),
        ("feature browser", "query"): judge.feature_browser({"f_prim": prim, "f_fine": fine}, data),
        ("beta", "query"): judge.beta_slider(betas, ap, prim, fine, data, people="these people"),
        ("schedule", "warm_up"): explore.schedule_sliders(config),
        ("swap studio", "clothes"): studio.swap_studio(models.model, data),
        ("swap studio", "t_a"): studio.swap_studio(models.model, data),
        ("factor studio", "person"): studio.factor_studio(models.model, data),
    }

    def turn(box: Interactive, name: str) -> Callable[[], None]:
        control = box.controls[name]
        places = cycle(np.linspace(control.min, control.max, 7)[1:-1])

        def move() -> None:
            control.value = type(control.value)(next(places))
            assert box.error.value == ""

        return move

    turns = {f"{name}, {slider}": turn(box, slider) for (name, slider), box in boxes.items()}
    contest("from a slider to its picture, toy scale", turns, rounds=5, aims=dict.fromkeys(turns, "0.15 s"))
