"""The whole model at the paper's size: shapes and parameter counts. On the meta device, which computes no numbers.

The counts are the sums over the tensors of the released checkpoint, by network.
"""

import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher, count_parameters

NUM_IDS = 751
FULL = {"networks.backbone_weights": None}

RESNET50_TRUNK = 23_508_032
HEAD = 1_050_112 + 385_263  # Linear 2048 -> 512 with BatchNorm; Linear 512 -> 751


def build(recipe, **overrides):
    with torch.device("meta"):
        return DGNet(Config.preset(recipe, "full", **FULL, **overrides).networks, NUM_IDS).eval()


@pytest.fixture(scope="module")
def official():
    return build("official")


@pytest.fixture(scope="module")
def paper():
    return build("paper")


@pytest.fixture(params=["paper", "official"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def x():
    return torch.zeros(2, 3, 256, 128, device="meta")


@pytest.fixture(scope="module")
def smoke():
    torch.manual_seed(0)
    return DGNet(Config.preset("paper", "smoke").networks, 16).eval()


# Shapes


def test_the_appearance_code_is_2048_x_4_x_1(model, x):
    assert model.encode_appearance(x).shape == (2, 2048, 4, 1)


def test_the_structure_code_is_128_x_64_x_32(model, x):
    assert model.encode_structure(x).shape == (2, 128, 64, 32)


def test_g_makes_an_image_of_256_x_128(model, x):
    assert model.swap(x, x).shape == (2, 3, 256, 128)


def test_d_judges_64_x_32_and_32_x_16_and_16_x_8_patches(model, x):
    assert [tuple(p.shape) for p in model.discriminate(x)] == [(2, 1, 64, 32), (2, 1, 32, 16), (2, 1, 16, 8)]


def test_both_features_have_512_numbers(model, x):
    assert [f.shape for f in model.features(x)] == [(2, 512), (2, 512)]


def test_both_heads_score_every_identity(model, x):
    assert [scores.shape for scores in model.logits(x)] == [(2, NUM_IDS), (2, NUM_IDS)]


@pytest.mark.parametrize(("last_stride", "rows", "columns"), [(1, 16, 8), (2, 8, 4)])
def test_the_last_stride_decides_the_size_of_the_feature_map(last_stride, rows, columns, x):
    model = build("paper", **{"networks.last_stride": last_stride})
    assert model.E_a.backbone(x).shape == (2, 2048, rows, columns)


# Parameters, as in the released checkpoint


def test_e_a_has_a_resnet50_and_two_heads(official):
    assert count_parameters(official.E_a) == RESNET50_TRUNK + 2 * HEAD


def test_e_s_has_380_544_parameters(official):
    assert count_parameters(official.E_s) == 380_544


def test_e_s_without_the_pyramid_has_1_231_712_parameters(paper):
    stem = (9 + 1) * 16 + (9 * 16 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1) * 128
    assert count_parameters(paper.E_s) == stem + 8 * (9 * 128 + 1) * 128 == 1_231_712


def test_the_convolutions_of_g_have_1_455_555_parameters(official):
    g = official.G
    assert sum(count_parameters(part) for part in (g.residual, g.upsample, g.to_image)) == 1_455_555


def test_the_eight_mlps_of_g_have_1_443_072_parameters_each(official):
    assert [count_parameters(m) for m in (*official.G.scale, *official.G.bias)] == [1_443_072] * 8


def test_g_has_nothing_but_convolutions_and_mlps(official):
    assert count_parameters(official.G) == 1_455_555 + 11_544_576


def test_d_has_341_857_parameters_a_scale(model):
    assert [count_parameters(d) for d in model.D.scales] == [341_857] * 3


def test_the_teacher_has_a_resnet50_and_one_head():
    with torch.device("meta"):
        teacher = build_teacher(Config.preset("paper", "full", **FULL).networks, NUM_IDS)
    assert count_parameters(teacher) == RESNET50_TRUNK + HEAD


# Wiring


@pytest.mark.parametrize(("recipe", "slices"), [("paper", "stripe"), ("official", "channel")])
def test_the_recipe_decides_how_g_reads_the_code(recipe, slices, request):
    assert request.getfixturevalue(recipe).G.code_slices == slices


def test_a_swap_is_the_appearance_of_the_first_on_the_structure_of_the_second(smoke):
    x_i, x_j = torch.randn(2, 2, 3, 64, 32)
    expected = smoke.decode(smoke.encode_structure(x_j), smoke.encode_appearance(x_i))
    torch.testing.assert_close(smoke.swap(x_i, x_j), expected, rtol=0, atol=0)


def test_a_swap_does_not_see_the_colours_of_whoever_gives_the_structure(smoke):
    x_i, x_j = torch.randn(2, 2, 3, 64, 32)
    recoloured = x_j[:, [2, 0, 1]]
    torch.testing.assert_close(smoke.swap(x_i, recoloured), smoke.swap(x_i, x_j), rtol=1e-3, atol=1e-4)


def test_a_forward_pass_leaves_nothing_behind_in_the_modules(smoke):
    def everything():
        state = {name: set(vars(module)) | {"training", module.training} for name, module in smoke.named_modules()}
        tensors = {k: (id(v), v._version) for k, v in (*smoke.named_parameters(), *smoke.named_buffers())}
        return state, tensors

    before = everything()
    x = torch.randn(2, 3, 64, 32)
    smoke.swap(x, x.flip(0))
    smoke.logits(x)
    smoke.discriminate(x)
    assert everything() == before
