"""Table 2: its rows, what is compared with what, and the command."""

from __future__ import annotations

import json
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.evaluation import table2
from dgnet_lite.evaluation.diversity import diversity
from dgnet_lite.evaluation.extractors import embedding, thumbnails
from dgnet_lite.evaluation.frechet import frechet_distance
from dgnet_lite.training import checkpoint


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Fewer pairs than the protocol has."""
    with pytest.MonkeyPatch.context() as m:
        m.setattr(table2, "diversity", partial(diversity, pairs=2, rounds=1))
        yield


@pytest.fixture(scope="module")
def config():
    return Config.preset("paper", "smoke")


@pytest.fixture(scope="module")
def models(config, smoke_data):
    torch.manual_seed(0)
    build = {"teacher": build_teacher(config.networks, smoke_data.num_ids)}
    return SimpleNamespace(**build, model=DGNet(config.networks, smoke_data.num_ids))


@pytest.fixture(scope="module")
def fakes(models, smoke_data):
    return table2.image_sets(models.model, smoke_data, seed=1)


@pytest.fixture(scope="module")
def features(models):
    return [embedding(models.teacher, "the teacher's features"), thumbnails(2, 2)]


@pytest.fixture(scope="module")
def rows(fakes, smoke_data, features):
    return table2.measure(fakes.sets, smoke_data, features, j=fakes.j, subsets=2)


def test_each_training_image_gives_its_appearance_once_in_order_and_its_structure_once(fakes, smoke_data):
    n = len(smoke_data.train)
    assert fakes.i.tolist() == list(range(n))
    assert sorted(fakes.j.tolist()) == list(range(n)) != fakes.j.tolist()


def test_a_copy_is_the_structure_image_and_counts_as_a_picture_of_the_one_in_those_clothes(fakes, smoke_data):
    copy = fakes.sets["copy of x_j"]
    assert np.array_equal(copy.images, smoke_data.train[fakes.j])
    assert np.array_equal(copy.ids, smoke_data.index.train.ids)


def test_a_generated_row_holds_the_swap_of_each_pair_and_a_reconstruction_that_of_an_image_with_itself(
    fakes, smoke_data, models
):
    x, k = smoke_data.train, 5
    pair = table2.generate(models.model, x[k : k + 1], x[fakes.j[k] : fakes.j[k] + 1])
    itself = table2.generate(models.model, x[k : k + 1], x[k : k + 1])
    for name, alone in (("DG-Net", pair), ("reconstruction", itself)):
        assert np.abs(fakes.sets[name].images[k].astype(int) - alone[0]).max() <= 1  # alone or in a batch


def test_a_true_swap_of_an_image_with_itself_is_nearly_that_image(fakes, smoke_data):
    same = np.flatnonzero(fakes.i == fakes.j)
    k = same[0] if len(same) else None
    true = fakes.sets["true swap"].images
    key = [smoke_data.world.key(path) for path in smoke_data.index.train.paths]
    assert np.array_equal(true[3], smoke_data.world.render(key[3], key[fakes.j[3]]))
    assert k is None or np.abs(true[k].astype(int) - smoke_data.train[k]).mean() < 6  # JPEG


def test_the_copies_are_the_training_images_in_another_order_so_their_distance_is_0(rows):
    for found in rows["copy of x_j"]["distances"].values():
        assert found["frechet"] == pytest.approx(0, abs=1e-6)


def test_inside_the_clothes_the_copy_is_1_and_the_true_swap_0(rows):
    assert rows["copy of x_j"]["clothes_l1_ratio"] == 1
    assert rows["true swap"]["clothes_l1_ratio"] == 0
    assert rows["DG-Net"]["clothes_l1_ratio"] > 0
    assert "clothes_l1_ratio" not in rows["real"]


def test_real_is_the_gallery_s_persons_against_the_training_images(rows, smoke_data, features):
    persons = smoke_data.gallery[smoke_data.index.gallery.ids > 0]
    assert rows["real"]["images"] == len(persons) < len(smoke_data.gallery)
    expected = frechet_distance(features[1](smoke_data.train), features[1](persons))
    assert rows["real"]["distances"][features[1].name]["frechet"] == pytest.approx(expected, abs=1e-6)


def test_the_diversity_of_real_is_that_of_the_training_images(rows, smoke_data):
    expected = table2.diversity(smoke_data.train, smoke_data.index.train.ids)
    assert rows["real"]["diversity"]["dssim"] == pytest.approx(expected.dssim, abs=1e-6)


def test_a_row_with_too_few_images_is_named(fakes, smoke_data, features):
    few = {"LSGAN": table2.ImageSet(smoke_data.train[:10])}
    with pytest.raises(ValueError, match="row 'LSGAN': the Fréchet distance in 16 numbers needs at least 16 images"):
        table2.measure(few, smoke_data, features, j=fakes.j, subsets=2)


def test_images_of_nobody_have_no_diversity(smoke_data, features, tmp_path):
    for k, image in enumerate(smoke_data.train[:20]):
        Image.fromarray(image).save(tmp_path / f"{k:06d}.png")
    extra = table2.folder_of_images(tmp_path, 64, progress=False)
    assert np.array_equal(extra.images, smoke_data.train[:20])
    found = table2.measure({"LSGAN": extra}, smoke_data, features, j=np.arange(64), subsets=2)["LSGAN"]
    assert (found["images"], "diversity" in found) == (20, False)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no \*\.png.* in .*: give the folder that holds the images"):
        table2.folder_of_images(tmp_path, 64)


@pytest.fixture(scope="module")
def run(config, models, tmp_path_factory):
    """The folder of a run that claims to be finished."""
    folder = tmp_path_factory.mktemp("runs") / "seed0"
    steps = {"teacher": config.optim.teacher_steps, "dgnet": config.optim.steps}
    for name, model in (("teacher", models.teacher), ("dgnet", models.model)):
        state = {"task": {"model": model.state_dict()}, "step": steps[name], "config": config.to_dict()}
        checkpoint.save(folder / name / "last.pt", state)
    return folder


def test_the_command_writes_what_it_prints(run, smoke_data_root, smoke_data, tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    for k, image in enumerate(smoke_data.train):
        Image.fromarray(image).save(images / f"{k:06d}.png")
    out = tmp_path / "table2.json"
    arguments = [
        "--run",
        str(run),
        "--data-root",
        str(smoke_data_root),
        "--images",
        f"LSGAN={images}",
        "--subsets",
        "2",
    ]
    # thumbnails have 96 numbers and smoke has 64 images, so the command says what is missing ...
    with pytest.raises(SystemExit):
        table2.main([*arguments, "--out", str(out)])
    assert "row 'real': the Fréchet distance in 96 numbers needs at least 96 images" in capsys.readouterr().err
    assert not out.exists()
    # ... and with smaller thumbnails it goes through.
    with pytest.MonkeyPatch.context() as m:
        m.setattr(table2.extractors, "thumbnails", lambda: thumbnails(4, 2))
        table2.main([*arguments, "--out", str(out)])
    kept, printed = json.loads(out.read_text()), capsys.readouterr().out
    assert list(kept["rows"]) == ["real", "DG-Net", "reconstruction", "copy of x_j", "true swap", "LSGAN"]
    assert {"command", "environment", "seed", "size", "against", "models"} <= kept.keys()
    shown = table2.table(kept)
    assert shown.loc["LSGAN", "DSSIM"] == "-"
    assert f"{kept['rows']['DG-Net']['diversity']['dssim']:.3f}" == shown.loc["DG-Net", "DSSIM"]
    assert shown.loc["DG-Net", "DSSIM"] in printed
    assert "FID" not in printed


def test_a_run_without_its_teacher_is_refused_before_anything_is_computed(run, tmp_path, capsys):
    shutil.copytree(run / "dgnet", tmp_path / "seed0" / "dgnet")
    with pytest.raises(SystemExit):
        table2.main(["--run", str(tmp_path), "--data-root", str(tmp_path / "nothing")])
    assert "no finished teacher beside the DG-Net" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--images", "folder"], "wants NAME=FOLDER"),
        (["--inception", "absent.pth"], "no Inception weights at absent.pth"),
        (["--run", "absent"], "absent"),
    ],
)
def test_a_wrong_argument_is_explained_before_anything_is_computed(arguments, said, capsys, tmp_path):
    with pytest.raises(SystemExit):
        table2.main([*arguments, "--data-root", str(tmp_path / "nothing")])
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
