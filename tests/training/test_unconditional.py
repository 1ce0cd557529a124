"""The unconditional LSGAN: what it minimises, who learns, resuming, and the folder of pictures it leaves."""

import numpy as np
import pytest
import torch

from dgnet_lite import losses as L
from dgnet_lite.evaluation.table2 import folder_of_images
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.noise import NoiseGenerator
from dgnet_lite.training import checkpoint, unconditional
from dgnet_lite.training.loop import fit

STEPS = 12


@pytest.fixture(scope="module")
def task_with(smoke_config, smoke_data):
    """task_with(**settings): the same weights and batches each time."""

    def build(**settings):
        c = smoke_config("official", **{"optim.bfloat16": False, "optim.lr_rise": 0} | settings)
        torch.manual_seed(0)
        n = c.networks
        D = MultiScaleDiscriminator(n.discriminator_width, n.discriminator_scales, n.discriminator_blocks)
        batches = smoke_data.batches(c, batch_size=c.optim.batch_size, seed=1)
        return unconditional.UnconditionalTask(NoiseGenerator(n, 64), D, batches, c)

    return build


@pytest.fixture(scope="module")
def config(smoke_config):
    return smoke_config("official")


@pytest.fixture(scope="module")
def finished(config, smoke_data, tmp_path_factory):
    """The folder of a run in one piece, and what `train` returned."""
    folder = tmp_path_factory.mktemp("lsgan")
    return folder, *unconditional.train(config, smoke_data, folder, progress=False)


@pytest.mark.parametrize("adversarial", ["lsgan", "log"])
def test_both_losses_are_least_squares_whatever_the_recipe_says(task_with, adversarial):
    off = {"losses.punishment": 0.0, "losses.adversarial": adversarial}
    task, other = task_with(**off), task_with(**off)
    x = other.batches.crop(other.batches.anchors())
    fake = other.G(other.G.draw(len(x), other.batches.generator))
    by_hand = L.discriminator_lsgan(other.D(x), other.D(fake.detach()))
    losses = task.update(0)
    torch.testing.assert_close(losses["D"], by_hand.detach())
    torch.testing.assert_close(losses["adv"], L.generator_lsgan(task.D(fake)).detach())  # D has learnt before G asks it
    assert losses["total"] == losses["adv"]


def test_the_punishment_is_added_at_its_steps_alone(task_with):
    def loss_of(step, punishment):
        task = task_with(**{"losses.punishment": punishment, "losses.punishment_every": 2})
        for parameter in task.D.parameters():
            parameter.data *= 10  # D starts nearly flat, with nothing to punish
        return task.update(step)["D"]

    assert loss_of(0, 5.0) > loss_of(0, 0.0) + 0.01
    torch.testing.assert_close(loss_of(1, 5.0), loss_of(1, 0.0))


@pytest.mark.parametrize(("still", "learns"), [("generator", "D"), ("discriminator", "G")])
def test_each_learns_at_its_own_rate(task_with, still, learns):
    task = task_with(**{f"optim.lr_{still}": 0.0, "optim.weight_decay": 0.0})
    before = {name: [p.detach().clone() for p in getattr(task, name).parameters()] for name in "GD"}
    task.update(0)
    moved = {
        name: any(not torch.equal(a, b) for a, b in zip(before[name], getattr(task, name).parameters(), strict=True))
        for name in "GD"
    }
    assert moved == {name: name == learns for name in "GD"}


def test_interrupted_and_resumed_is_uninterrupted(task_with, equal, tmp_path, monkeypatch):
    def run(task, folder):
        fit(task, STEPS, folder, task.config, tensorboard=False, show_progress=False)

    run(task_with(), tmp_path / "whole")
    first = task_with()
    update = first.update

    def interrupted(step):
        if step == 8:
            raise KeyboardInterrupt
        return update(step)

    monkeypatch.setattr(first, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(first, tmp_path / "parts")
    run(task_with(), tmp_path / "parts")
    whole, parts = (checkpoint.load(tmp_path / name / "last.pt")["task"] for name in ("whole", "parts"))
    assert equal(whole, parts)


def test_what_is_finished_is_loaded_and_not_trained_again(finished, config, smoke_data, equal):
    folder, G, seconds = finished
    written = (folder / "lsgan" / "last.pt").stat().st_mtime_ns
    again, later = unconditional.train(config, smoke_data, folder, progress=False)
    assert (folder / "lsgan" / "last.pt").stat().st_mtime_ns == written
    assert later == pytest.approx(seconds, abs=1)
    assert equal(again.state_dict(), G.state_dict())


def test_a_generator_is_loaded_without_the_data(finished, config, equal):
    folder, trained, _ = finished
    G, settings = unconditional.load_generator(folder)
    assert equal(G.state_dict(), trained.state_dict())
    assert settings == config
    assert not any(module.training for module in G.modules())


def test_an_unfinished_run_is_refused_with_its_step(finished, tmp_path):
    state = checkpoint.load(finished[0] / "lsgan" / "last.pt")
    checkpoint.save(tmp_path / "lsgan" / "last.pt", state | {"step": 3})
    with pytest.raises(ValueError, match=r"is at step 3 of \d+: the same command goes on with it"):
        unconditional.load_generator(tmp_path)


def test_a_folder_without_a_run_is_named_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no LSGAN at .*python -m dgnet_lite\.training\.unconditional"):
        unconditional.load_generator(tmp_path)


def test_the_first_pictures_do_not_depend_on_how_many_are_made(finished):
    few, many = (unconditional.sample(finished[1], count, seed=3, batch_size=2) for count in (2, 5))
    assert many.shape == (5, 64, 32, 3)
    assert many.dtype == np.uint8
    np.testing.assert_array_equal(few, many[:2])
    assert not np.array_equal(few, unconditional.sample(finished[1], 2, seed=4, batch_size=2))


def test_the_command_leaves_a_folder_that_table_2_reads(smoke_data_root, finished, tmp_path, capsys):
    arguments = ["--scale", "smoke", "--out", str(tmp_path), "--data-root", str(smoke_data_root), "--images", "3"]
    unconditional.main(arguments)
    images = folder_of_images(tmp_path / "seed0" / "images", 64, progress=False).images
    assert sorted(path.name for path in (tmp_path / "seed0" / "images").iterdir()) == [f"{k:06d}.png" for k in range(3)]
    G, _ = unconditional.load_generator(tmp_path / "seed0")
    np.testing.assert_allclose(images.astype(int), unconditional.sample(G, 3), atol=1)  # rounding of another layout
    assert "3 pictures in" in capsys.readouterr().out


def test_an_unknown_setting_ends_the_command_before_anything_is_drawn(tmp_path, capsys):
    with pytest.raises(SystemExit):
        unconditional.main(["--scale", "smoke", "--out", str(tmp_path / "out"), "--set", "optim.stepps=3"])
    assert "stepps" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
