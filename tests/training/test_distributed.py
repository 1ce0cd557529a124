"""Two processes with half of each batch each learn what one learns from the whole."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from dgnet_lite.config import Config
from dgnet_lite.data import batches
from dgnet_lite.data.batches import WHOLE, Share
from dgnet_lite.data.load import load_data
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.training import distributed
from dgnet_lite.training.checkpoint import load
from dgnet_lite.training.loop import fit
from dgnet_lite.training.step import DGNetTask
from dgnet_lite.training.tracking import read_metrics

ROOT = Path(__file__).resolve().parents[2]
LATE = 9
"""A step at which everything acts."""
SETTINGS = {
    "data.erasing": 0.5,
    "networks.dropout_fine": 0.0,
    "losses.cycle": 1.0,
    "losses.code2_alternates": True,
    "losses.teacher_batch_statistics": False,
    "optim.lr_discriminator": 1e-9,
    "run.checkpoint_every": 2,
}
"""Adam's first step goes by the sign of a gradient: where that is rounding alone, two equal runs have unlike D's."""


PRECISION = 1e-8
"""Of the largest gradient of a network."""


@contextlib.contextmanager
def in_float64():
    """The slope of eqs. (1), (2) is a sign, and float32's rounding turns it in a pixel or two, on each machine in
    others."""
    single = torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    batches._statistics.cache_clear()
    try:
        yield
    finally:
        batches._statistics.cache_clear()
        torch.Tensor.float = single
        torch.set_default_dtype(torch.float32)


def setting() -> Config:
    return Config.preset("official", "smoke", **SETTINGS)


def task(data, share: Share) -> DGNetTask:
    """BatchNorm normalises by its running statistics: over a share they would be other than over the batch."""
    config = setting()
    torch.manual_seed(0)
    teacher, model = build_teacher(config.networks, data.num_ids), DGNet(config.networks, data.num_ids)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval().train = lambda mode=True, module=module: module
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return DGNetTask(model, teacher, data.batches(config, batch_size=8, seed=0, share=share), config)


def gradients(it: DGNetTask) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in it.model.named_parameters() if p.grad is not None}


def one_of_two(rank: int, address: str, root: str, out: str) -> None:
    """What each process does: a step, its gradients kept; then a training that is broken off."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    data = load_data(setting(), root, progress=False)
    assert distributed.share() == Share(rank, 2)
    with in_float64():
        it = task(data, distributed.share())
        losses = {name: float(value) for name, value in it.update(LATE).items()}
        means = distributed.averages(losses, torch.device("cpu"))
    torch.save({"gradients": gradients(it), "losses": means}, f"{out}/step{rank}.pt")
    it = task(data, distributed.share())
    with pytest.raises(KeyboardInterrupt):
        fit(Broken(it, 5), 12, Path(out) / "run", setting(), tensorboard=False, show_progress=False)
    dist.destroy_process_group()


class Broken:
    """A task that breaks off at a step."""

    name = "dgnet"

    def __init__(self, it: DGNetTask, at: int) -> None:
        self.it, self.at, self.device = it, at, it.device

    def update(self, step):
        if step == self.at:
            raise KeyboardInterrupt
        return self.it.update(step)

    def state_dict(self):
        return self.it.state_dict()

    def load_state_dict(self, state):
        self.it.load_state_dict(state)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def two(smoke_data_root, tmp_path_factory) -> Path:
    """The folder that two processes have left."""
    out = tmp_path_factory.mktemp("two")
    address = f"tcp://127.0.0.1:{free_port()}"
    mp.spawn(one_of_two, args=(address, str(smoke_data_root), str(out)), nprocs=2)
    return out


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(two, smoke_data):
    with in_float64():
        whole = task(smoke_data, WHOLE)
        whole.batches.blocks = 2  # structure is given within a share
        losses = whole.update(LATE)
    wanted = gradients(whole)
    largest: dict[str, torch.Tensor] = {}
    for name, gradient in wanted.items():
        network = name.split(".")[0]
        largest[network] = torch.maximum(largest.get(network, torch.tensor(0.0)), gradient.abs().max())
    for rank in range(2):
        found = torch.load(two / f"step{rank}.pt")
        assert found["gradients"].keys() == wanted.keys()
        for name, gradient in wanted.items():
            error = (found["gradients"][name] - gradient).abs().max()
            network = name.split(".")[0]  # a bias before a norm has a gradient of noise alone
            assert error < PRECISION * largest[network], name
        for name, loss in losses.items():
            assert found["losses"][name] == pytest.approx(float(loss), rel=1e-8, abs=1e-8), name


@pytest.mark.slow
def test_a_run_of_two_is_written_once_and_goes_on_in_one_process(two, smoke_data):
    run = two / "run"
    assert load(run / "last.pt")["step"] == 4
    fit(task(smoke_data, WHOLE), 12, run, setting(), tensorboard=False, show_progress=False)
    assert load(run / "last.pt")["step"] == 12
    assert read_metrics(run).index.tolist() == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize("count", [3, 8])
def test_a_batch_that_cannot_be_shared_is_refused(smoke_data, count):
    with pytest.raises(ValueError, match=f"a batch of 8 cannot be shared by {count} processes"):
        task(smoke_data, Share(0, count))


def test_shares_of_a_batch_are_the_whole_batch(smoke_data):
    whole = task(smoke_data, WHOLE).batches
    whole.blocks = 2
    halves = [task(smoke_data, Share(rank, 2)).batches for rank in range(2)]
    for _ in range(3):
        batch, parts = whole.sample(), [half.sample() for half in halves]
        assert torch.equal(batch.x_i, torch.cat([part.x_i for part in parts]))
        assert torch.equal(batch.x_j, torch.cat([part.x_j for part in parts]))
        assert torch.equal(batch.y, torch.cat([part.y for part in parts]))
        x = torch.cat([batch.x_i, batch.x_t])
        erased = whole.erase(x, 0.5).chunk(2)
        shares = [half.erase(torch.cat([p.x_i, p.x_t]), 0.5).chunk(2) for half, p in zip(halves, parts, strict=True)]
        for k in range(2):
            assert torch.equal(erased[k], torch.cat([each[k] for each in shares]))


@pytest.mark.slow
def test_torchrun_trains_and_measures_once(smoke_data_root, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--master-port", str(free_port()), "-m", "dgnet_lite.training", "--scale", "smoke"]
    command += ["--data-root", str(smoke_data_root), "--out", str(tmp_path / "run")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("both     Rank@1") == 1
    assert load(tmp_path / "run" / "seed0" / "dgnet" / "last.pt")["step"] == 12
    assert (tmp_path / "run" / "seed0" / "retrieval.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "losses.alpha"], "--set wants NAME=VALUE"),
        (["--set", "losses.alfa=1"], "losses.alfa"),
        (["--scale", "huge"], "invalid choice: 'huge'"),
    ],
)
def test_a_mistyped_setting_is_named(arguments, said, tmp_path, capsys):
    from dgnet_lite.training.__main__ import main

    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), *arguments])
    assert said in capsys.readouterr().err
