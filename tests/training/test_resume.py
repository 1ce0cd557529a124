"""Interrupted at any step and resumed, a run ends as one that was never interrupted: to the last bit, on the CPU."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dgnet_lite
from dgnet_lite.training import checkpoint
from dgnet_lite.training.loop import fit

STEPS = 12  # a checkpoint every 5


def run(task, folder):
    fit(task, STEPS, folder, task.config, tensorboard=False, show_progress=False)


def interrupt(task, monkeypatch, at):
    update = task.update

    def interrupted(step):
        if step == at:
            raise KeyboardInterrupt
        return update(step)

    monkeypatch.setattr(task, "update", interrupted)


def without_the_clock(path):
    return {k: v for k, v in checkpoint.load(path).items() if k != "seconds"}


@pytest.fixture(scope="module")
def uninterrupted(new_task, tmp_path_factory):
    """The folder of a run in one piece; each kind is run once."""
    folders = {}

    def folder(kind, recipe="paper"):
        if (kind, recipe) not in folders:
            folders[kind, recipe] = tmp_path_factory.mktemp(kind)
            run(new_task(kind, recipe), folders[kind, recipe])
        return folders[kind, recipe]

    return folder


CASES = [("teacher", "paper", at) for at in range(1, STEPS)]
CASES += [("dgnet", "paper", 3), ("dgnet", "paper", 7), ("dgnet", "paper", 10), ("dgnet", "official", 8)]
CASES += [("one_head", "official", 6), ("two_heads", "paper", 9), ("oracle", "paper", 11)]


@pytest.mark.parametrize(("kind", "recipe", "at"), CASES)
def test_interrupted_and_resumed_is_uninterrupted(
    new_task, uninterrupted, equal, metrics_without_rates, tmp_path, monkeypatch, kind, recipe, at
):
    first = new_task(kind, recipe)
    interrupt(first, monkeypatch, at)
    with pytest.raises(KeyboardInterrupt):
        run(first, tmp_path)
    run(new_task(kind, recipe), tmp_path)
    whole = uninterrupted(kind, recipe)
    assert equal(without_the_clock(tmp_path / "last.pt"), without_the_clock(whole / "last.pt"))
    assert metrics_without_rates(tmp_path) == metrics_without_rates(whole)


def test_interrupted_twice_is_uninterrupted(new_task, uninterrupted, equal, tmp_path, monkeypatch):
    for at in (6, 11):
        task = new_task("teacher")
        interrupt(task, monkeypatch, at)
        with pytest.raises(KeyboardInterrupt):
            run(task, tmp_path)
    run(new_task("teacher"), tmp_path)
    assert equal(without_the_clock(tmp_path / "last.pt"), without_the_clock(uninterrupted("teacher") / "last.pt"))


def test_two_runs_with_the_same_seed_end_alike(new_task, uninterrupted, equal, tmp_path):
    run(new_task("dgnet"), tmp_path)
    assert equal(without_the_clock(tmp_path / "last.pt"), without_the_clock(uninterrupted("dgnet") / "last.pt"))


# Killed, in a process of its own

CHILD = """
import io, os, signal, sys, torch
from pathlib import Path
from dgnet_lite.config import Config
from dgnet_lite.data.load import load_data
from dgnet_lite.dgnet import build_teacher
from dgnet_lite.training.loop import fit
from dgnet_lite.training.teacher import TeacherTask

root, folder, moment = sys.argv[1:]
save, saves = torch.save, []

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Mortal(TeacherTask):
    def update(self, step):
        return kill() if step == 8 and moment == "training" else super().update(step)

def write_half_and_die(state, file):
    saves.append(1)
    if len(saves) == 1:
        return save(state, file)
    whole = io.BytesIO()
    save(state, whole)
    file.write(whole.getvalue()[: len(whole.getvalue()) // 2])
    file.flush()
    kill()

if moment != "training":
    torch.save = write_half_and_die
c = Config.preset("paper", "smoke")
data = load_data(c, Path(root), workers=1, progress=False)
torch.manual_seed(0)
task = Mortal(build_teacher(c.networks, data.num_ids), data.batches(c, batch_size=c.optim.batch_size, seed=1), c)
fit(task, 12, Path(folder), c, tensorboard=False, show_progress=False)
"""


@pytest.fixture(scope="module", params=["training", "writing a checkpoint"])
def killed(request, smoke_data, tmp_path_factory):
    """The folder of a teacher killed at step 8, or halfway through writing the checkpoint of step 10."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", CHILD, str(smoke_data.world.folder.parent), str(folder), request.param]
    ended = subprocess.run(command, cwd=Path(dgnet_lite.__file__).parents[1], capture_output=True, timeout=300)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    return folder


def test_a_killed_run_leaves_a_checkpoint_and_ends_as_one_that_was_not_killed(killed, new_task, uninterrupted, equal):
    assert checkpoint.load(killed / "last.pt")["step"] == 5
    run(new_task("teacher"), killed)
    ends = [without_the_clock(folder / "last.pt") for folder in (killed, uninterrupted("teacher"))]
    assert equal(*ends)
    assert not (killed / "last.pt.part").exists()
