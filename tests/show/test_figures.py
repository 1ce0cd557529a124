"""The command that draws the paper's figures: of a run, beside others, and never real people unasked."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch
from PIL import Image

from dgnet_lite.data.toymarket import DESCRIPTION
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.noise import NoiseGenerator
from dgnet_lite.show import figures
from dgnet_lite.show.figures import ROOT, Asked
from dgnet_lite.training import checkpoint


def save_run(folder, config, num_ids, seed=0):
    """A run that claims to be finished."""
    torch.manual_seed(seed)
    parts = {"dgnet": (DGNet(config.networks, num_ids), config.optim.steps)}
    parts["teacher"] = build_teacher(config.networks, num_ids), config.optim.teacher_steps
    for name, (module, steps) in parts.items():
        state = {"task": {"model": module.state_dict()}, "step": steps, "config": config.to_dict()}
        checkpoint.save(folder / "seed0" / name / "last.pt", state)
    return folder


@pytest.fixture(scope="module")
def run(config, market, tmp_path_factory):
    return save_run(tmp_path_factory.mktemp("run"), config, market.num_ids)


@pytest.fixture(scope="module")
def lsgan(config, tmp_path_factory):
    folder, n = tmp_path_factory.mktemp("lsgan"), config.networks
    torch.manual_seed(0)
    modules = {"G": NoiseGenerator(n, config.data.height)}
    modules["D"] = MultiScaleDiscriminator(n.discriminator_width, n.discriminator_scales, n.discriminator_blocks)
    task = {name: module.state_dict() for name, module in modules.items()}
    state = {"task": task, "step": config.optim.steps, "config": config.to_dict()}
    checkpoint.save(folder / "lsgan" / "last.pt", state)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What an ablation over alpha leaves."""
    path = tmp_path_factory.mktemp("ablation") / "ablation.json"
    seeds = {"0": {"both": {"rank1": 0.5, "mAP": 0.4}}}
    path.write_text(json.dumps({"variants": {name: {"seeds": seeds} for name in ("full", "alpha_1", "paper")}}))
    return path


@pytest.fixture(scope="module")
def asked(run, lsgan, results, market):
    """The smoke data have 12 test people: fewer than the figures want."""
    root = market.world.folder.parent
    return Asked(run=run, data_root=root, runs={"full": run, "other": run}, lsgan=lsgan, ablation=results, swaps=20)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """As many people as there are."""
    monkeypatch.setattr(figures, "GRID", (3, 4))
    monkeypatch.setattr(figures, "SETS", (2, 3))
    monkeypatch.setattr(figures, "WALKS", 2)
    monkeypatch.setattr(figures, "PAIRS", 4)


PARTS = {
    "fig1": [""],
    "fig3": [""],
    "fig4": [""],
    "fig5": ["", "_moving", "_structure", "_structure_moving"],
    "fig6": [""],
    "fig7": ["", "_factors"],
    "fig8": [""],
    "ranking": [""],
}


@pytest.mark.parametrize("name", PARTS)
def test_a_figure_has_its_parts_each_told_in_words(asked, name):
    parts = figures.FIGURES[name](asked)
    assert sorted(parts) == PARTS[name]
    for part, content in parts.items():
        assert isinstance(content, bytes) == part.endswith("moving")
        assert isinstance(content, bytes) or len(content.alt_text) > 40


def test_the_true_picture_of_fig_1_is_a_flag_away(asked):
    rows = {
        true: [t.get_text() for t in figures.fig1(dataclasses.replace(asked, true=true))[""].axes[0].get_yticklabels()]
        for true in (False, True)
    }
    assert rows[False] == ["structure"] + ["generated"] * 3
    assert rows[True] == ["structure"] + ["generated", "true"] * 3


def test_fig_3_wants_the_same_budget(asked, config, lsgan, tmp_path):
    state = checkpoint.load(lsgan / "lsgan" / "last.pt")
    longer = config.replace(**{"optim.steps": 2 * config.optim.steps})
    checkpoint.save(tmp_path / "lsgan" / "last.pt", state | {"step": longer.optim.steps, "config": longer.to_dict()})
    with pytest.raises(
        ValueError, match=r"differ in optim\.steps: a comparison needs the same data and the same budget"
    ):
        figures.fig3(dataclasses.replace(asked, lsgan=tmp_path))


def test_fig_4_says_which_runs_it_wants(asked):
    with pytest.raises(ValueError, match=r"dgnet_lite\.ablation --rows full without_feed without_id"):
        figures.fig4(dataclasses.replace(asked, runs=None))


def test_fig_4_wants_the_same_images(asked, config, market, tmp_path):
    other = save_run(tmp_path, config.replace(**{"data.draw": 9}), market.num_ids)
    with pytest.raises(ValueError, match=r"the run b has other images: data\.draw differs"):
        figures.fig4(dataclasses.replace(asked, runs={"a": asked.run, "b": other}))


def test_fig_4_has_a_row_for_each_run_in_the_order_given(asked, config, market, tmp_path):
    second = save_run(tmp_path, config, market.num_ids, seed=1)
    axes = figures.fig4(dataclasses.replace(asked, runs={"b": second, "a": asked.run}))[""].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["clothes of", "body of", "b", "a", "true"]


def test_fig_6_shows_another_drawn_world_when_asked(asked, market):
    axes = figures.fig6(dataclasses.replace(asked, runs=None, on=[market.world.folder]))[""].axes[0]
    names = [label.get_text() for label in axes.get_yticklabels() if label.get_text()]
    assert names == ["toymarket", market.world.folder.name]


@pytest.fixture
def photos(market, tmp_path):
    """A data set that does not say that it was drawn, in a folder of data sets."""
    shutil.copytree(market.world.folder, tmp_path / "data" / "photos")
    (tmp_path / "data" / "photos" / DESCRIPTION).unlink()
    return tmp_path / "data" / "photos"


@pytest.mark.parametrize(("real", "shown"), [(False, ["toymarket"]), (True, ["toymarket", "photos"])])
def test_real_people_are_in_fig_6_only_when_asked_for(asked, photos, real, shown, capsys):
    axes = figures.fig6(dataclasses.replace(asked, runs=None, on=[photos], real_people=real))[""].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels() if label.get_text()] == shown
    assert ("shows real people and is left out" in capsys.readouterr().out) != real


@pytest.fixture
def photographed(asked, market, monkeypatch):
    """A run on photos."""
    monkeypatch.setattr(figures, "load_data", lambda *_: dataclasses.replace(market, world=None))
    return dataclasses.replace(asked)  # with nothing loaded yet


@pytest.mark.parametrize("name", [name for name in PARTS if name != "fig8"])
def test_a_run_on_photos_is_not_drawn_unasked(photographed, name):
    with pytest.raises(PermissionError, match="shows real people: --real-people draws them all the same"):
        figures.FIGURES[name](photographed)


def test_curves_show_nobody_and_are_drawn(photographed):
    assert figures.fig8(photographed)[""].alt_text


def test_real_people_are_not_drawn_into_the_repository(photographed):
    asked = dataclasses.replace(photographed, real_people=True)
    with pytest.raises(PermissionError, match="do not go into the repository"):
        next(figures.write("fig1", asked, ROOT / "runs" / "fig1.png", ""))
    assert not (ROOT / "runs" / "fig1.png").exists()


def test_without_results_over_alpha_half_of_fig_8_is_empty_and_wrong_ones_are_refused(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "RESULTS", ())
    left = figures.fig8(dataclasses.replace(asked, ablation=None))[""].axes[0]
    assert [text.get_text() for text in left.texts] == ["not trained yet"]
    (tmp_path / "few.json").write_text(json.dumps({"variants": {"full": {"seeds": {}}}}))
    with pytest.raises(ValueError, match="no two values of alpha"):
        figures.fig8(dataclasses.replace(asked, ablation=tmp_path / "few.json"))


def test_the_command_writes_a_figure_by_the_name_it_is_given(asked, tmp_path, capsys):
    out = tmp_path / "new" / "between.png"
    figures.main(["fig5", "--run", str(asked.run), "--data-root", str(asked.data_root), "--out", str(out)])
    names = {f"between{part}.{'gif' if part.endswith('moving') else 'png'}" for part in PARTS["fig5"]}
    assert {path.name for path in out.parent.iterdir()} == names
    fields = Image.open(out).text
    assert fields["Command"].startswith("python -m dgnet_lite.show.figures fig5 --run ")
    assert "straight line" in fields["Description"]
    assert "between.png: " in capsys.readouterr().out


def test_all_draws_what_it_can_and_says_what_is_missing(asked, tmp_path, capsys, monkeypatch):
    fine = {"": figures.fig1(asked)[""]}
    for name in ("fig1", "fig5", "fig6", "fig7", "fig8", "ranking"):
        monkeypatch.setitem(figures.FIGURES, name, lambda _: fine)
    root = ["--run", str(asked.run), "--data-root", str(asked.data_root)]
    figures.main(["all", *root, "--lsgan", str(tmp_path / "absent"), "--out", str(tmp_path / "out")])
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(PARTS) - {"fig3", "fig4"}
    said = capsys.readouterr().out
    assert "fig3 is left out: no LSGAN at" in said
    assert "fig4 is left out: fig4 compares runs" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fig1", "--run", "absent", "--out", "x.png"], "no run in absent"),
        (["fig4", "--runs", "full", "--out", "x.png"], "--runs wants NAME=FOLDER"),
        (["all", "--out", "x.png"], "all figures go into a folder"),
        (["fig2", "--out", "x.png"], "invalid choice"),
    ],
)
def test_a_wrong_argument_ends_the_command_with_its_cause(arguments, said, capsys):
    with pytest.raises(SystemExit):
        figures.main(arguments)
    assert said in capsys.readouterr().err
