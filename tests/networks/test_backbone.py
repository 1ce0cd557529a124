"""Trunks that end in a feature map, and what is said of those that do not."""

import pytest
import torch
import torchvision

from dgnet_lite.networks.backbone import BasicBlock, build_backbone


@pytest.fixture(scope="module")
def x():
    return torch.zeros(2, 3, 128, 64, device="meta")


def on_meta(name, **kwargs):
    with torch.device("meta"):
        return build_backbone(name, **kwargs).eval()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("resnet18", (2, 512, 8, 4)),
        ("resnet50", (2, 2048, 8, 4)),
        ("mobilenet_v3_small", (2, 576, 4, 2)),
        ("convnext_tiny", (2, 768, 4, 2)),
        ("densenet121", (2, 1024, 4, 2)),
        ("swin_t", (2, 768, 4, 2)),
    ],
)
def test_a_torchvision_model_is_cut_at_its_last_feature_map(name, shape, x):
    assert on_meta(name)(x).shape == shape


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "convnext_tiny", "swin_t", "small"])
def test_a_trunk_says_in_how_many_channels_it_ends(name, x):
    trunk = on_meta(name)
    assert trunk.out_channels == trunk(x).shape[1]


@pytest.mark.parametrize(("name", "rows"), [("resnet18", 4), ("resnet50", 4), ("small", 8)])
def test_last_stride_2_halves_the_map(name, rows, x):
    assert on_meta(name, last_stride=2)(x).shape[2:] == (rows, rows // 2)


def test_the_small_trunk_ends_in_eight_times_its_width():
    assert build_backbone("small", width=4)(torch.zeros(2, 3, 64, 32)).shape == (2, 32, 8, 4)


def test_the_kept_resolution_changes_no_weights():
    shapes = [{k: v.shape for k, v in on_meta("resnet18", last_stride=s).state_dict().items()} for s in (1, 2)]
    assert shapes[0] == shapes[1]


def test_a_new_trunk_is_in_training_mode():
    assert all(module.training for module in build_backbone("resnet18").modules())


@pytest.mark.parametrize(("n_out", "stride"), [(4, 1), (8, 2)])
def test_the_basic_block_is_torchvisions(n_out, stride):
    def way_around():
        return None if stride == 1 else torch.nn.Conv2d(4, n_out, 1, stride)

    ours = BasicBlock(4, n_out, stride, way_around())
    theirs = torchvision.models.resnet.BasicBlock(4, n_out, stride, way_around())
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 4, 8, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    for (name, buffer), (_, other) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        torch.testing.assert_close(buffer, other, msg=name)


# Weights from a file


@pytest.fixture
def resnet18_file(tmp_path):
    torch.manual_seed(1)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


def test_weights_come_from_a_torchvision_file(resnet18_file):
    trunk = build_backbone("resnet18", weights=str(resnet18_file))
    saved = torch.load(resnet18_file, weights_only=True)
    torch.testing.assert_close(trunk.trunk[4][0].conv1.weight.data, saved["layer1.0.conv1.weight"], rtol=0, atol=0)


def test_the_small_trunk_reads_its_own_weights(tmp_path):
    first = build_backbone("small", width=4)
    torch.save(first.state_dict(), tmp_path / "small.pth")
    second = build_backbone("small", width=4, weights=str(tmp_path / "small.pth"))
    torch.testing.assert_close(second.state_dict(), first.state_dict(), rtol=0, atol=0)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no backbone weights at .*nowhere\.pth: give a state dict file"):
        build_backbone("resnet18", weights=str(tmp_path / "nowhere.pth"))


@pytest.mark.parametrize("name", ["resnet34", "resnet50"])
def test_weights_of_another_model_are_refused(name, resnet18_file):
    with pytest.raises(ValueError, match=r"resnet18\.pth is of another model"):
        build_backbone(name, weights=str(resnet18_file))


def test_weights_of_another_width_are_refused(tmp_path):
    torch.save(build_backbone("small", width=4).state_dict(), tmp_path / "small.pth")
    with pytest.raises(ValueError, match=r"small\.pth is of another model"):
        build_backbone("small", width=8, weights=str(tmp_path / "small.pth"))


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>not found</html>")
    with pytest.raises(ValueError, match=r"page\.html is no whole state dict"):
        build_backbone("resnet18", weights=str(tmp_path / "page.html"))


# Wrong names


def test_an_unknown_backbone_is_refused_with_examples():
    with pytest.raises(
        ValueError, match=r"no backbone 'resnet51' in torchvision\.models; for example: small, resnet18"
    ):
        build_backbone("resnet51")


@pytest.mark.parametrize("name", ["vit_b_16", "shufflenet_v2_x0_5"])
def test_a_model_without_a_known_feature_map_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} does not end in a feature map"):
        on_meta(name)


def test_imagenet_weights_for_the_small_trunk_are_refused():
    with pytest.raises(ValueError, match="the small backbone has no ImageNet weights: set backbone_weights to None"):
        build_backbone("small", weights="imagenet")
