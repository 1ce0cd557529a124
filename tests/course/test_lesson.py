"""The line that sets a lesson up, and where trained models come from."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.course import ROOT, lesson, models
from dgnet_lite.course.__main__ import main
from dgnet_lite.data.toymarket import PRESETS
from dgnet_lite.study import Study
from dgnet_lite.training import checkpoint

PARAMETERS = 'profile: str = "toy"\nseed: int = 3\ndata_root: str | None = None'


@pytest.fixture
def begin(monkeypatch, tmp_path):
    """`start` in an empty folder, without a profile in the environment, from a notebook with these variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DGNET_PROFILE", raising=False)

    def begin(*cells: str, **changes: object) -> lesson.Lesson:
        given = {"profile": "toy", "seed": 3, "data_root": None, "In": ["", PARAMETERS, *cells]}
        return lesson.start(given | changes)

    with mpl.rc_context():
        yield begin


def test_a_lesson_works_in_the_projects_folders_from_any_other(begin):
    here = begin()
    assert (here.data_root, here.runs) == (ROOT / "data", ROOT / "runs")


def test_the_environments_profile_goes_before_the_notebooks(begin, monkeypatch):
    monkeypatch.setenv("DGNET_PROFILE", "smoke")
    assert begin().smoke


def test_a_smoke_run_leaves_nothing_in_the_project(begin):
    here = begin(profile="smoke")
    assert not here.data_root.is_relative_to(ROOT)
    assert not here.runs.is_relative_to(ROOT)


def test_data_lies_where_the_notebook_says(begin):
    assert begin(profile="smoke", data_root="mine").data_root == Path("mine")


def test_random_numbers_start_from_the_seed(begin):
    begin(seed=5)
    first = torch.rand(3)
    assert torch.equal(first, torch.rand(3, generator=torch.Generator().manual_seed(5)))


def test_figures_have_the_courses_style(begin):
    begin()
    assert mpl.rcParams["axes.spines.top"] is False


def test_the_config_is_of_the_profile_and_the_seed(begin):
    assert begin(profile="smoke").config == Config.preset("official", "smoke", seed=3)


def test_an_unknown_profile_is_refused(begin):
    with pytest.raises(ValueError, match="profile is 'full'; it must be 'smoke' or 'toy'"):
        begin(profile="full")


def test_a_parameter_that_papermill_made_up_is_refused(begin):
    with pytest.raises(ValueError, match=r"unknown parameter 'sede'. Did you mean 'seed'\?"):
        begin("# Parameters\nsede = 1")


def test_a_missing_parameter_is_named():
    with pytest.raises(ValueError, match="no parameter 'seed': run the cell above"):
        lesson.start({"profile": "toy"})


@pytest.fixture(scope="module")
def config() -> Config:
    return Config.preset("official", "smoke", **{"optim.steps": 2, "optim.teacher_steps": 2})


@pytest.fixture(scope="module")
def finished(tmp_path_factory, smoke_data, config) -> Path:
    """A folder of runs in which one is finished."""
    runs = tmp_path_factory.mktemp("runs")
    study = Study(config, smoke_data, runs / "toy" / "seed0", tensorboard=False, progress=False)
    study.dgnet(study.teacher())
    return runs


def weights(trained: models.Trained) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for m in (trained.teacher, trained.model) for p in m.parameters()])


def test_a_finished_run_is_loaded(finished, config, smoke_data, tmp_path):
    found = models.trained(config, smoke_data, finished, tmp_path / "absent")
    state = checkpoint.load(finished / "toy" / "seed0" / "dgnet" / "last.pt")["task"]["model"]
    assert found.source == f"{finished.name}/toy/seed0"
    assert all(torch.equal(value, state[key]) for key, value in found.model.state_dict().items())


def test_models_are_ready_for_use_and_not_for_training(finished, config, smoke_data, tmp_path):
    found = models.trained(config, smoke_data, finished, tmp_path / "absent")
    assert not found.model.training
    assert not found.teacher.training


def test_without_a_run_the_shipped_models_are_loaded(finished, config, smoke_data, tmp_path):
    shipped = tmp_path / "models.safetensors"
    models.ship(finished / "toy" / "seed0", shipped)
    found = models.trained(config, smoke_data, tmp_path / "no runs", shipped)
    of_run = models.from_run(finished / "toy" / "seed0", config, smoke_data.num_ids)
    assert found.source.startswith("shipped with the package, made by `")
    torch.testing.assert_close(weights(found), weights(of_run), rtol=1e-3, atol=1e-4)


def test_shipped_models_of_other_settings_are_not_taken(finished, config, smoke_data, tmp_path):
    shipped = tmp_path / "models.safetensors"
    models.ship(finished / "toy" / "seed0", shipped)
    other = config.replace(**{"networks.mlp_width": 32})
    assert models.from_file(shipped, other, smoke_data.num_ids) is None
    assert models.from_file(shipped, config, smoke_data.num_ids + 1) is None


def test_a_run_of_other_settings_and_one_that_is_not_finished_are_not_taken(finished, config, smoke_data):
    folder = finished / "toy" / "seed0"
    assert models.from_run(folder, config.replace(**{"optim.steps": 3}), smoke_data.num_ids) is None
    assert models.from_run(folder, config.replace(seed=1), smoke_data.num_ids) is None


def test_with_neither_the_models_are_trained_and_found_the_next_time(config, smoke_data, tmp_path, capsys):
    models.trained(config, smoke_data, tmp_path / "runs", tmp_path / "absent")
    assert "No trained model yet: training one, 2 steps, into runs/lessons-smoke/seed0" in capsys.readouterr().out
    again = models.trained(config, smoke_data, tmp_path / "runs", tmp_path / "absent")
    assert again.source == "runs/lessons-smoke/seed0"


def test_an_unfinished_run_is_not_shipped(finished, tmp_path, capsys):
    assert main(["ship", str(tmp_path)]) == 1
    assert "no checkpoint at" in capsys.readouterr().err


def test_the_package_ships_models_of_the_lessons_settings():
    config = Config.preset("official", "toy")
    found = models.from_file(models.SHIPPED, config, PRESETS["toy"].train_ids)
    assert found is not None, "make toy, then python -m dgnet_lite.course ship runs/toy/seed0"
    assert found.source == "shipped with the package, made by `make toy`"
    assert models.SHIPPED.stat().st_size < 5e6
