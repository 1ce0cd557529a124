"""Trained models are found where they lie, and are ready to be asked."""

from __future__ import annotations

import pytest
import torch

from dgnet_lite import trained
from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.training import checkpoint

IDS = 16


@pytest.fixture(scope="module")
def config() -> Config:
    return Config.preset("official", "smoke")


def write_run(folder, config, *, steps: int | None = None, teacher: bool = True):
    """The folder of a seed that claims to be finished, with weights that nothing trained; returns its DG-Net."""
    torch.manual_seed(0)
    model = DGNet(config.networks, IDS)
    parts = {"dgnet": (model, config.optim.steps if steps is None else steps)}
    if teacher:
        parts["teacher"] = build_teacher(config.networks, IDS), config.optim.teacher_steps
    for name, (module, step) in parts.items():
        state = {"task": {"model": module.state_dict()}, "step": step, "config": config.to_dict()}
        checkpoint.save(folder / name / "last.pt", state)
    return model


def test_a_run_is_found_by_the_folder_of_a_seed_and_by_that_of_all(tmp_path, config):
    model = write_run(tmp_path / "seed3", config)
    for place in (tmp_path, tmp_path / "seed3"):
        found = trained.find_models(place)
        assert (found.config, found.folder) == (config, tmp_path / "seed3")
        torch.testing.assert_close(found.model.state_dict(), model.state_dict())


def test_found_models_are_in_evaluation_mode(tmp_path, config):
    write_run(tmp_path, config)
    found = trained.find_models(tmp_path)
    assert not any(module.training for module in (*found.model.modules(), *found.teacher.modules()))


@pytest.mark.parametrize("where", ["run", "file"])
def test_trained_models_are_in_evaluation_mode(tmp_path, config, where):
    if where == "run":
        write_run(tmp_path, config)
        both = trained.from_run(tmp_path, config, IDS)
    else:
        shipped, ids, *_ = trained.read_file(trained.SHIPPED)
        both = trained.from_file(trained.SHIPPED, shipped, ids)
    assert not any(module.training for module in (*both.model.modules(), *both.teacher.modules()))


def test_without_a_run_the_shipped_models_are_found():
    found = trained.find_models()
    assert (found.config.scale, found.folder) == ("toy", None)
    assert found.source.startswith("shipped with the package, made by `")
    assert next(found.teacher.parameters()).dtype == torch.float32


def test_a_run_without_a_teacher_has_a_dgnet_all_the_same(tmp_path, config):
    write_run(tmp_path / "seed0", config, teacher=False)
    found = trained.find_models(tmp_path)
    with pytest.raises(ValueError, match=r"no finished teacher beside the DG-Net of .*seed0"):
        _ = found.teacher


def test_an_unfinished_run_is_refused_with_its_step(tmp_path, config):
    write_run(tmp_path, config, steps=5)
    with pytest.raises(ValueError, match=rf"is at step 5 of {config.optim.steps}: the same command goes on with it"):
        trained.find_models(tmp_path)


def test_a_folder_without_a_run_is_named_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no run in .*absent.*python -m dgnet_lite\.training"):
        trained.find_models(tmp_path / "absent")
