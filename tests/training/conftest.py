"""Tasks at the scale `smoke`, built alike each time."""

import json

import pytest
import torch


@pytest.fixture(scope="session")
def smoke_config():
    """A config at smoke scale; "official" keeps its own numbers where the scale would put in others."""
    from dgnet_lite.config import Config
    from dgnet_lite.presets import RECIPES

    def build(recipe="paper", **overrides):
        own = {k: v for k, v in RECIPES[recipe].items() if k != "networks.code_slices"}
        return Config.preset(recipe, "smoke", **(own | overrides))

    return build


@pytest.fixture(scope="session")
def new_task(smoke_data, smoke_config):
    """new_task(kind, recipe, **settings): the same weights and batches each time."""
    from dgnet_lite.dgnet import DGNet, build_teacher
    from dgnet_lite.training.step import DGNetTask
    from dgnet_lite.training.teacher import Compositions, ControlTask, TeacherTask

    def build(kind="dgnet", recipe="paper", **settings):
        c = smoke_config(recipe, **settings)
        torch.manual_seed(0)
        teacher = build_teacher(c.networks, smoke_data.num_ids)
        batches = smoke_data.batches(c, batch_size=c.optim.batch_size, seed=1)
        if kind == "teacher":
            return TeacherTask(teacher, batches, c)
        model = DGNet(c.networks, smoke_data.num_ids)
        if kind == "dgnet":
            return DGNetTask(model, teacher, batches, c)
        labels = batches.labels
        compositions = Compositions(batches.images, labels, labels.flip(0)) if kind == "oracle" else None
        return ControlTask(model.E_a, batches, c, kind, teacher, compositions)

    return build


@pytest.fixture(scope="session")
def equal():
    """Whether two nested states are the same to the last bit."""

    def equal(a, b):
        if isinstance(a, torch.Tensor):
            return torch.equal(a, b)
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
        if isinstance(a, list | tuple):
            return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
        return a == b

    return equal


@pytest.fixture(scope="session")
def metrics_without_rates():
    def read(folder):
        lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "steps_per_second"} for line in lines]

    return read
