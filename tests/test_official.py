"""The release's checkpoints in our networks: its numbers, its names, its format.

`official/manifest.json` holds the names and shapes in the released files. No released weights are needed: each tensor
is filled with numbers that follow from its name. `official/golden.json` holds what the release's networks, in eval
mode, answered for such weights to the images of `golden_images`: per output its shape, mean, standard deviation, and 48
values at the flat positions `index`.
"""

import dataclasses
import json
import math
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch

from dgnet_lite import losses, official, official_names
from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher

DATA = Path(__file__).parent / "official"
MANIFEST = json.loads((DATA / "manifest.json").read_text())
GOLDEN = json.loads((DATA / "golden.json").read_text())
GAINS = ("bn1.weight", "bn2.weight", "downsample.1.weight", "add_block.1.weight", "gamma")


def centre_and_spread(name, shape):
    if len(shape) > 1:
        return 0, math.sqrt(2 / math.prod(shape[1:]))
    if name.endswith("bn3.weight"):
        return 0.2, 0.05
    return 1 if name.endswith((*GAINS, "running_var")) else 0, 0.1


def tensor(name, shape):
    """Normal numbers whose seed is the checksum of the name."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    drawn = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    centre, spread = centre_and_spread(name, shape)
    if name.endswith("running_var"):
        drawn = abs(drawn)
    return torch.from_numpy(drawn * np.float32(spread) + np.float32(centre))


def golden_images():
    """Two normalised images."""
    drawn = np.random.RandomState(7).standard_normal((2, 3, 256, 128))
    return torch.from_numpy(drawn.astype(np.float32))


@pytest.fixture(scope="module")
def states():
    return {kind: {name: tensor(name, shape) for name, shape in names.items()} for kind, names in MANIFEST.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Gone after the last test: files of full size are large."""
    with TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def files(states, folder):
    """Paths of the four files, as the release would have written them."""
    paths = {kind: folder / f"{kind}.pt" for kind in states}
    for kind, state in states.items():
        torch.save(state if kind == "teacher" else {"a": state}, paths[kind])
    return paths


@pytest.fixture(scope="module")
def model(files):
    return official.load_official(files["gen"], files["id"], files["dis"])


@pytest.fixture(scope="module")
def teacher(files):
    return official.load_official_teacher(files["teacher"])


@pytest.fixture(scope="module")
def written(model, folder):
    """Paths of the files that we write of the model that was read."""
    return official.save_official(model, folder / "ours")


@pytest.fixture(scope="module")
def answers(model, teacher):
    """What our networks answer, under the names of the golden outputs."""
    x = golden_images()
    with torch.no_grad():
        structure, appearance = model.encode_structure(x), model.encode_appearance(x)
        (f_prim, f_fine), (logits_prim, logits_fine) = model.features(x), model.logits(x)
        fake = model.decode(structure, appearance)
        answers = {
            "E_a.code_flat": appearance.flatten(1),
            "E_a.f_prim": f_prim,
            "E_a.f_fine": f_fine,
            "E_a.logits_prim": logits_prim,
            "E_a.logits_fine": logits_fine,
            "E_s.code": structure,
            "G.recon": fake,
            "G.swap": model.swap(x, x.flip(0)),
            "teacher.logits": teacher(x),
        }
        of_fake = model.discriminate(fake)
    x.requires_grad_()
    real = model.discriminate(x)
    r1 = 0.01 * losses.gradient_punishment(real, x)
    answers |= {f"D.scale{k}": patches for k, patches in enumerate(real)}
    answers |= {
        "loss.D_total": losses.discriminator_lsgan(real, of_fake) + r1,
        "loss.R1_reg": r1,
        "loss.G_adv": 2 * losses.generator_lsgan(of_fake),
    }
    return {name: answer.detach() for name, answer in answers.items()}


def same(a, b):
    """Two state dicts with the same names, shapes and values, bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# Numbers


@pytest.mark.parametrize("output", [name for name in GOLDEN if not name.startswith("loss.")])
def test_our_networks_answer_as_the_release_to_1e_4_of_the_deviation(output, answers):
    golden, answer = GOLDEN[output], answers[output]
    assert list(answer.shape) == golden["shape"]
    values = answer.flatten()[golden["index"]].tolist()
    found = [*values, answer.double().mean().item(), answer.double().std(correction=0).item()]
    expected = [*golden["value"], golden["mean"], golden["std"]]
    assert found == pytest.approx(expected, rel=0, abs=1e-4 * golden["std"])


@pytest.mark.parametrize("loss", [name for name in GOLDEN if name.startswith("loss.")])
def test_our_losses_are_those_of_the_release(loss, answers):
    assert answers[loss].item() == pytest.approx(GOLDEN[loss], rel=1e-4)


def test_every_golden_output_is_compared(answers):
    assert answers.keys() == GOLDEN.keys()


def test_the_codes_have_the_shapes_of_the_paper(model):
    x = torch.zeros(1, 3, 256, 128)
    with torch.no_grad():
        shapes = model.encode_appearance(x).shape, model.encode_structure(x).shape
    assert shapes == ((1, 2048, 4, 1), (1, 128, 64, 32))


# Names


@pytest.mark.parametrize("kind", ["gen", "id", "dis"])
def test_every_tensor_of_the_release_is_ours_or_known_to_be_unused(kind, model):
    names, unused = official_names.names_by_file(model)[kind], official_names.unused_tensors(kind)
    assert sorted([*names, *unused]) == sorted(MANIFEST[kind])


def test_every_tensor_of_the_released_teacher_is_ours_or_known_to_be_unused(teacher):
    names = official_names.tensor_names(official_names.teacher_layers(), teacher.state_dict())
    assert sorted([*names, *official_names.unused_tensors("teacher")]) == sorted(MANIFEST["teacher"])


def test_every_tensor_of_ours_has_exactly_one_name_in_the_release(model):
    ours = [name for names in official_names.names_by_file(model).values() for name in names.values()]
    assert sorted(ours) == sorted(model.state_dict())


def test_every_tensor_of_our_teacher_has_exactly_one_name_in_the_release(teacher):
    ours = official_names.tensor_names(official_names.teacher_layers(), teacher.state_dict()).values()
    assert sorted(ours) == sorted(teacher.state_dict())


def test_f_prim_is_the_first_head_of_the_release(model, states):
    assert torch.equal(model.E_a.prim.classify.weight, states["id"]["classifier1.classifier.0.weight"])


# What is loaded


def test_a_loaded_model_is_in_eval_mode(model, teacher):
    assert not model.training
    assert not teacher.training


def test_without_its_file_d_keeps_initial_weights(files, model):
    without = official.load_official(files["gen"], files["id"])
    first = without.D.scales[0].net[2].weight
    assert first.std().item() == pytest.approx(0.02, rel=0.05)
    assert same(without.G.state_dict(), model.G.state_dict())


# Written and read again


def test_what_is_written_has_the_names_shapes_and_numbers_that_were_read(written, states):
    for kind, path in written.items():
        (key, written), *others = torch.load(path, weights_only=True).items()
        unused = official_names.unused_tensors(kind)
        assert (key, others) == ("a", [])
        assert {name: list(value.shape) for name, value in written.items()} == MANIFEST[kind]
        assert same(written, states[kind] | unused)


def test_a_written_teacher_has_the_names_shapes_and_numbers_that_were_read(teacher, states, folder):
    official.save_official_teacher(teacher, folder / "ours.pth")
    written = torch.load(folder / "ours.pth", weights_only=True)
    assert same(written, states["teacher"] | official_names.unused_tensors("teacher"))


def test_a_model_comes_back_exactly(model, written):
    assert same(official.load_official(**written).state_dict(), model.state_dict())


def test_the_statistics_that_adain_lacks_are_those_of_a_fresh_norm():
    unused = official_names.unused_tensors("gen")
    assert {name.split("_")[-1]: value.unique().tolist() for name, value in unused.items()} == {"mean": [0], "var": [1]}


# Networks that the format has no place for


def test_the_networks_of_the_paper_are_refused_with_what_differs(tmp_path):
    with torch.device("meta"):
        model = DGNet(Config.preset("paper", "full", **{"networks.backbone_weights": None}).networks, 751)
    with pytest.raises(ValueError, match=r"networks\.aspp is False .*networks\.code_slices is 'stripe' and must"):
        official.save_official(model, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher_last_stride": 1}, "networks.teacher_last_stride must be 2"),
        ({"teacher_pool": "max"}, "networks.teacher_pool is 'max' and must be 'avg'"),
        ({"backbone": "resnet18"}, "networks.backbone must be 'resnet50' and networks.feature_dim 512"),
    ],
)
def test_a_teacher_of_another_kind_is_refused_with_what_differs(change, message, tmp_path):
    with torch.device("meta"):
        teacher = build_teacher(dataclasses.replace(official.RELEASE, **change), 751)
    with pytest.raises(ValueError) as caught:
        official.save_official_teacher(teacher, tmp_path / "net_last.pth")
    assert str(caught.value) == f"this teacher does not fit the release's format: {message}"
