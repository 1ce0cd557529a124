"""Checkpoints are whole or not there."""

import errno
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from dgnet_lite.training import checkpoint

FULL_DISK = Path("/dev/full")  # every write to it ends with "No space left on device"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run" / "last.pt"
    checkpoint.save(path, {"step": 1, "weights": torch.arange(50_000)})
    return path


def step_in(path):
    return checkpoint.load(path)["step"]


# Writing


def test_what_was_saved_is_read_back(path, equal):
    state = {"step": 2, "rate": 0.5, "name": "dgnet", "nested": {"list": [1, torch.ones(3)]}}
    checkpoint.save(path, state)
    assert equal(checkpoint.load(path), state)


def test_nothing_is_left_beside_the_checkpoint(path):
    checkpoint.save(path, {"step": 2})
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]


def test_a_part_left_by_a_killed_run_does_not_matter(path):
    path.with_name("last.pt.part").write_bytes(b"half of a")
    checkpoint.save(path, {"step": 2})
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]
    assert step_in(path) == 2


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("numbers", [10, 1_000_000])
def test_a_full_disk_is_named_and_the_old_checkpoint_stays(path, numbers):
    part = path.with_name("last.pt.part")
    part.symlink_to(FULL_DISK)
    with pytest.raises(OSError, match=r"cannot write .*last\.pt: the disk is full: free some space, then run again"):
        checkpoint.save(path, {"step": 2, "weights": torch.arange(numbers)})
    assert step_in(path) == 1
    assert not part.is_symlink()


def test_a_disk_that_fills_up_at_the_last_moment_is_named_too(path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="the disk is full"):
        checkpoint.save(path, {"step": 2})
    assert step_in(path) == 1
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write .*file/last\.pt: .*check the folder"):
        checkpoint.save(tmp_path / "file" / "last.pt", {"step": 1})


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_stopping_while_writing_leaves_the_old_checkpoint_alone(path, stop):
    def half(file):
        file.write(b"half")
        raise stop

    with pytest.raises(stop):
        checkpoint.write_whole(path, half)
    assert step_in(path) == 1
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]


# Reading


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*last\.pt: train first"):
        checkpoint.load(tmp_path / "last.pt")


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_checkpoint_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"last\.pt is not a whole checkpoint .*: delete it and train again"):
        checkpoint.load(path)


def test_a_file_of_another_kind_is_refused(path):
    path.write_text("<html>404</html>")
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        checkpoint.load(path)


# Weights


def test_weights_of_the_same_model_fit():
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    checkpoint.load_weights(second, first.state_dict(), "here")
    assert torch.equal(first.weight, second.weight)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (nn.Linear(3, 5), r"weight is \(5, 3\), this model wants \(2, 3\); bias is \(5,\), this model wants \(2,\)"),
        (nn.Linear(3, 2, bias=False), "bias is missing"),
        (nn.Sequential(nn.Linear(3, 2)), r"weight is missing; bias is missing; 0\.weight is unknown \(and 1 more\)"),
    ],
)
def test_weights_of_another_model_are_refused_with_the_tensors_that_do_not_fit(other, problem):
    with pytest.raises(ValueError, match=f"the checkpoint a.pt is of another model: {problem}"):
        checkpoint.load_weights(nn.Linear(3, 2), other.state_dict(), "a.pt")


# Chance


def test_the_state_of_chance_comes_back():
    state = checkpoint.rng_state()
    expected = torch.rand(5)
    checkpoint.set_rng_state(state)
    assert torch.equal(torch.rand(5), expected)
