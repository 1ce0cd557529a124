"""Notebook 13: its parameters, and a run of it in the smoke profile."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from PIL import Image

from dgnet_lite.config import Config
from dgnet_lite.course.full_training import NOTEBOOK, Run, Settings, start
from dgnet_lite.course.papermill_run import main

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / NOTEBOOK


def given(**changes: Any) -> dict[str, Any]:
    """A notebook's variables after its parameters cell; sequences are lists there."""
    values = dataclasses.asdict(Settings()) | changes
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


@pytest.fixture
def begin(monkeypatch, tmp_path):
    """`start` with the parameters changed, in an empty folder and without a profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DGNET_PROFILE", raising=False)

    def begin(**changes: Any) -> Run:
        return start(given(**changes))

    return begin


def test_the_notebook_has_the_parameters_and_defaults_of_the_settings():
    cell = next(c for c in nbformat.read(BOOK, as_version=4).cells if "parameters" in c.metadata.get("tags", []))
    values: dict[str, Any] = {}
    exec(cell.source, values)
    assert {name: value for name, value in values.items() if name != "__builtins__" and name[0] != "_"} == given()


def test_without_a_scale_the_demo_runs(begin):
    assert begin().scale == "demo"


def test_the_profile_gives_the_scale(begin, monkeypatch):
    monkeypatch.setenv("DGNET_PROFILE", "toy")
    assert begin().scale == "toy"


def test_a_scale_that_was_given_goes_before_the_profile(begin, monkeypatch):
    monkeypatch.setenv("DGNET_PROFILE", "smoke")
    assert begin(scale="demo").scale == "demo"


def test_the_smoke_profile_writes_nothing_into_the_current_folder(begin, monkeypatch, tmp_path):
    monkeypatch.setenv("DGNET_PROFILE", "smoke")
    run = begin()
    assert not (tmp_path / run.out_dir).is_relative_to(tmp_path)
    assert not (tmp_path / run.data_root).is_relative_to(tmp_path)


def test_results_go_to_a_folder_of_the_data_set_and_the_scale(begin):
    assert begin(scale="toy").out_dir == Path("runs/toymarket-toy")


@pytest.mark.parametrize(
    ("scale", "controls"),
    [("smoke", ("one_head",)), ("demo", ("one_head",)), ("toy", ("one_head", "two_heads", "oracle"))],
)
def test_the_controls_of_a_scale_are(begin, scale, controls):
    assert begin(scale=scale).controls == controls


def test_an_empty_list_of_controls_trains_none(begin):
    assert begin(controls=[]).controls == ()


def test_real_photos_have_no_oracle(begin):
    assert begin(dataset="market1501", scale="toy").controls == ("one_head", "two_heads")


def test_pictures_of_real_persons_are_not_shown(begin):
    assert not begin(dataset="market1501-val").show_pictures
    assert begin(dataset="toymarket-few").show_pictures


def test_who_asks_for_pictures_of_real_persons_is_warned(begin):
    with pytest.warns(UserWarning, match="Clear the outputs before you save or share it"):
        begin(dataset="market1501", show_pictures=True)


def test_steps_and_overrides_reach_the_configuration(begin):
    config = begin(steps=7, teacher_steps=5, overrides={"losses.alpha": 0.1}, seeds=[3]).config()
    assert (config.optim.steps, config.optim.teacher_steps, config.losses.alpha, config.seed) == (7, 5, 0.1, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": "tiny"}, "unknown scale 'tiny'"),
        ({"recipe": "oficial"}, "unknown recipe 'oficial'; did you mean 'official'"),
        ({"dataset": "market"}, "dataset is 'market'; it must be 'toymarket'"),
        ({"steps": "many"}, "steps is 'many'; it must be int | None"),
        ({"seeds": 3}, "seeds is 3"),
        ({"seeds": []}, r"seeds is \(\); it must be"),
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]: give each once"),
        ({"controls": ["one_heads"]}, "unknown control 'one_heads'; known: one_head, two_heads, oracle"),
        ({"overrides": {"losses.alhpa": 1}}, "no setting 'losses.alhpa'; did you mean 'losses.alpha'"),
        ({"overrides": {"losses.alpha": "x"}}, "alpha is 'x'; it must be"),
        ({"device": "gpu"}, "device is 'gpu'; it must be 'cpu', 'cuda'"),
    ],
)
def test_a_value_that_will_not_do_is_refused_before_training(begin, changes, message):
    with pytest.raises(ValueError, match=message):
        begin(**changes)


def test_a_folder_with_a_run_is_refused_when_it_must_be_new(begin, tmp_path):
    (tmp_path / "old" / "seed0").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="old already holds a run"):
        begin(out_dir="old", resume=False)


def test_the_command_repeats_what_was_asked(begin):
    assert begin(scale="toy", seeds=[0, 1], out_dir="runs/toy").command == (
        f"python -m dgnet_lite.course.papermill_run {NOTEBOOK} --out runs/toy -p scale toy -p seeds '[0, 1]'"
    )


def test_papermill_alone_fails_by_the_name_of_an_unknown_parameter(tmp_path, monkeypatch):
    monkeypatch.setenv("DGNET_PROFILE", "smoke")
    with pytest.raises(PapermillExecutionError, match=r"unknown parameter 'scael'. Did you mean 'scale'\?"):
        papermill.execute_notebook(
            BOOK, tmp_path / "out.ipynb", {"scael": "toy"}, kernel_name="python3", progress_bar=False
        )


def execute(folder: Path) -> int:
    return main(
        [str(BOOK), "--out", str(folder / "run"), "-p", "scale", "smoke", "-p", "data_root", str(folder / "data")]
    )


def state(folder: Path) -> dict[str, int]:
    """When each checkpoint and each log of losses was last written."""
    kept = [*folder.glob("run/seed0/*/last.pt"), *folder.glob("run/seed0/*/metrics.jsonl")]
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in kept}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("capstone")
    assert execute(folder) == 0
    return folder


@pytest.mark.slow
def test_a_run_leaves_its_settings_its_numbers_its_figures_and_its_checkpoints(finished):
    files = {path.name for path in (finished / "run").iterdir()}
    figures = {"grid.png", "curves.png", "ranking.png", "table.png"}
    assert files == {"config.yaml", "metrics.json", "table.csv", "summary.txt", "seed0", BOOK.name} | figures
    for name in ("teacher", "dgnet", "one_head"):
        assert (finished / "run" / "seed0" / name / "last.pt").is_file()


@pytest.mark.slow
def test_a_runs_config_can_be_read(finished):
    assert Config.from_yaml(finished / "run" / "config.yaml") == Config.preset("official", "smoke")


@pytest.mark.slow
def test_a_runs_metrics_have_all_rows_of_the_table(finished):
    metrics = json.loads((finished / "run" / "metrics.json").read_text())
    assert list(metrics["table"]) == ["teacher", "one_head", "f_prim", "f_fine", "both"]


@pytest.mark.slow
def test_a_runs_figures_hold_the_command(finished):
    command = Image.open(finished / "run" / "grid.png").text["Command"]
    assert command.startswith("python -m dgnet_lite.course.papermill_run")
    assert "-p scale smoke" in command


@pytest.mark.slow
def test_the_stored_notebook_keeps_only_the_last_state_of_a_progress_bar(finished):
    book = nbformat.read(finished / "run" / BOOK.name, as_version=4)
    bars = [
        o.text for c in book.cells for o in c.get("outputs", []) if o.output_type == "stream" and "dgnet:" in o.text
    ]
    assert [text.count("dgnet:") for text in bars] == [1]


@pytest.mark.slow
def test_the_stored_notebook_is_small(finished):
    assert (finished / "run" / BOOK.name).stat().st_size < 1_500_000


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again(finished):
    before = state(finished)
    assert execute(finished) == 0
    assert len(before) == 6
    assert state(finished) == before
