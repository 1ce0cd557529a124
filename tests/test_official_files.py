"""Files in the release's format: how they are written, and what is said of those that are not what they should be.

Small networks of the release's kind throughout.
"""

import dataclasses
import re
import warnings

import pytest
import torch

from dgnet_lite import official
from dgnet_lite.dgnet import DGNet

SMALL = dataclasses.replace(
    official.RELEASE,
    backbone="resnet18",
    feature_dim=6,
    structure_width=4,
    structure_channels=16,
    mlp_width=8,
    discriminator_width=4,
    discriminator_scales=2,
    discriminator_blocks=1,
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return DGNet(SMALL, num_ids=5)


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """Paths of a whole model."""
    return official.save_official(model, tmp_path_factory.mktemp("whole"), any_size=True)


@pytest.fixture
def changed(written, tmp_path):
    """Writes one of the files with its state dict changed by a function; returns all paths."""

    def write(kind, change):
        state = torch.load(written[kind], weights_only=True)["a"]
        change(state)
        torch.save({"a": state}, tmp_path / f"{kind}.pt")
        return written | {kind: tmp_path / f"{kind}.pt"}

    return write


def load(paths, num_ids=5):
    return official.load_official(**paths, num_ids=num_ids, networks=SMALL)


def without(*names):
    def change(state):
        for name in names:
            del state[name]

    return change


def with_extra(*names):
    return lambda state: state.update({name: torch.zeros(1) for name in names})


# Writing


def test_a_model_of_another_size_comes_back_exactly_when_its_sizes_are_given(model, written):
    again, own = load(written).state_dict(), model.state_dict()
    assert [name for name in own if not torch.equal(again[name], own[name])] == []


def test_the_files_are_named_after_the_step(model, tmp_path):
    official.save_official(model, tmp_path, step=1234, any_size=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["dis_00001234.pt", "gen_00001234.pt", "id_00001234.pt"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("last_stride", 2),
        ("head_pool", "avg"),
        ("aspp", False),
        ("code_slices", "stripe"),
        ("structure_dilations", (1, 2, 1, 1)),
        ("generator_dilations", (1, 2, 1, 1)),
        ("upsampling_kernel", 3),
        ("downsamplings", 1),
    ],
)
@pytest.mark.parametrize("any_size", [False, True])
def test_a_setting_that_the_release_cannot_have_is_named(setting, value, any_size):
    with pytest.raises(ValueError, match=rf"^these .*: networks\.{setting} is .* and must be [^;]*\. Config\.preset"):
        official.check_architecture(dataclasses.replace(official.RELEASE, **{setting: value}), any_size=any_size)


def test_a_size_that_the_release_does_not_have_is_refused_unless_asked_for(model, tmp_path):
    with pytest.raises(ValueError, match=r"networks\.backbone is 'resnet18' and must be 'resnet50'; networks\.feature"):
        official.save_official(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_backbone_that_is_no_resnet_is_refused():
    with pytest.raises(ValueError, match=r"networks\.backbone is 'small' and must be a ResNet"):
        official.check_architecture(dataclasses.replace(official.RELEASE, backbone="small"), any_size=True)


# Tensors


def test_missing_tensors_are_all_named(changed):
    names = ("mlp_w1.model.0.fc.bias", "dec.model.8.conv.weight", "dec.model.3.norm.gamma")
    with pytest.raises(ValueError, match=r"gen\.pt does not fit: missing: .*The file is not whole, or of") as caught:
        load(changed("gen", without(*names)))
    assert set(re.search(r"missing: ([^;]*)\. The", str(caught.value))[1].split(", ")) == set(names)


def test_misshaped_tensors_are_all_named_with_both_shapes(changed):
    def change(state):
        state["dec.model.8.conv.bias"] = torch.zeros(4)
        state["enc_content.model.0.conv.weight"] = torch.zeros(4, 3, 3, 3)

    with pytest.raises(ValueError) as caught:
        load(changed("gen", change))
    assert "dec.model.8.conv.bias is (4,), expected (3,)" in str(caught.value)
    assert "enc_content.model.0.conv.weight is (4, 3, 3, 3), expected (4, 1, 3, 3)" in str(caught.value)


def test_a_number_in_place_of_a_tensor_is_named(changed):
    with pytest.raises(ValueError, match=r"dec\.model\.8\.conv\.bias is no tensor, expected \(3,\)\. The file is"):
        load(changed("gen", lambda state: state.update({"dec.model.8.conv.bias": 1})))


def test_another_number_of_identities_is_told_with_the_right_one(written):
    with pytest.raises(
        ValueError, match=r"classifier2.classifier.0.bias is \(5,\), expected \(7,\).*give num_ids=5\.$"
    ):
        load(written, num_ids=7)


def test_a_missing_tensor_is_not_blamed_on_the_number_of_identities(changed):
    paths = changed("id", without("classifier1.classifier.0.bias"))
    with pytest.raises(ValueError, match=r"The file is not whole"):
        load(paths, num_ids=7)


# Tensors that nothing here has


def test_unknown_tensors_of_all_files_are_named_in_one_warning(changed):
    paths = changed("dis", with_extra("cnns.0.10.theta.weight", "cnns.1.10.theta.weight"))
    paths |= {"gen": changed("gen", with_extra("dec.extra"))["gen"]}
    with pytest.warns(UserWarning, match="^skipped, since these networks have no such tensors: ") as caught:
        load(paths)
    assert len(caught) == 1
    assert all(name in str(caught[0].message) for name in ("cnns.0.10.theta.weight", "cnns.1.10.theta.", "dec.extra"))


def test_the_warning_points_to_the_caller(changed):
    with pytest.warns(UserWarning, match="^skipped, since these networks have no such tensors: ") as caught:
        load(changed("dis", with_extra("cnns.0.10.theta.weight")))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("present", [True, False], ids=["present", "absent"])
def test_what_the_release_never_uses_is_skipped_without_a_word(present, written, changed):
    paths = written if present else changed("id", without("model.fc.weight", "model.fc.bias"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(paths)


# Files


@pytest.mark.parametrize("kind", ["gen", "id", "dis"])
def test_a_file_that_is_not_there_is_named(kind, written, tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"no {kind} file at .*absent\.pt"):
        load(written | {kind: tmp_path / "absent.pt"})


def test_a_folder_is_no_file(written, tmp_path):
    with pytest.raises(FileNotFoundError, match="no gen file at"):
        load(written | {"gen": tmp_path})


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "the format of 2019"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_half_a_file_is_told_from_a_whole_one(new_format, kept, written, tmp_path):
    path = tmp_path / "gen.pt"
    torch.save(torch.load(written["gen"], weights_only=True), path, _use_new_zipfile_serialization=new_format)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match=r"gen\.pt cannot be read as a checkpoint \(\w+\): it is damaged"):
        load(written | {"gen": path})


def test_the_format_of_2019_is_read(written, tmp_path):
    content = torch.load(written["gen"], weights_only=True)
    torch.save(content, tmp_path / "gen.pt", _use_new_zipfile_serialization=False)
    model = load(written | {"gen": tmp_path / "gen.pt"})
    assert torch.equal(model.G.to_image[4].weight, content["a"]["dec.model.8.conv.weight"])


def test_a_text_file_is_no_checkpoint(written, tmp_path):
    (tmp_path / "gen.pt").write_text("<html>please log in</html>")
    with pytest.raises(ValueError, match=r"gen\.pt cannot be read as a checkpoint"):
        load(written | {"gen": tmp_path / "gen.pt"})


def test_a_file_that_would_run_code_is_not_opened(written, tmp_path):
    torch.save({"a": re.compile("x")}, tmp_path / "gen.pt")
    with pytest.raises(ValueError, match=r"gen\.pt cannot be read as a checkpoint \(UnpicklingError\)"):
        load(written | {"gen": tmp_path / "gen.pt"})


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"a": {}}, {"step": 3}, torch.zeros(2)])
def test_a_checkpoint_of_something_else_is_not_in_the_format(content, written, tmp_path):
    torch.save(content, tmp_path / "gen.pt")
    with pytest.raises(ValueError, match=r"gen\.pt is not in the release's format: it holds no state dict"):
        load(written | {"gen": tmp_path / "gen.pt"})


def test_exchanged_paths_are_told(written):
    exchanged = {"gen": written["id"], "id": written["gen"]}
    with pytest.raises(ValueError, match=r"was given as 'gen' and has the tensors of 'id'"):
        load(exchanged)


def test_a_model_given_as_a_teacher_is_told(written):
    with pytest.raises(ValueError, match=r"was given as 'teacher' and has the tensors of 'id'"):
        official.load_official_teacher(written["id"])


def test_a_bare_state_dict_is_no_file_of_a_model(written, tmp_path):
    torch.save(torch.load(written["gen"], weights_only=True)["a"], tmp_path / "gen.pt")
    with pytest.raises(
        ValueError, match=r'gen\.pt is not in \{"a": \.\.\.\}; a gen file is a dict \{"a": state_dict\}'
    ):
        load(written | {"gen": tmp_path / "gen.pt"})


def test_a_wrapped_state_dict_is_no_teacher(tmp_path):
    torch.save({"a": {"classifier.add_block.0.bias": torch.zeros(512)}}, tmp_path / "net_last.pth")
    with pytest.raises(
        ValueError, match=r'net_last\.pth is wrapped in \{"a": \.\.\.\}; a teacher file is a bare state'
    ):
        official.load_official_teacher(tmp_path / "net_last.pth")


def test_the_networks_to_load_into_must_be_of_the_release_s_kind(written):
    with pytest.raises(ValueError, match=r"networks\.aspp is False and must be True"):
        official.load_official(**written, networks=dataclasses.replace(SMALL, aspp=False))
