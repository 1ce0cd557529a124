"""E_a and the teacher: the code, the features and the heads."""

import pytest
import torch
from torch import nn

from dgnet_lite.networks.appearance import AppearanceEncoder, Head, pool
from dgnet_lite.networks.backbone import SmallResNet
from dgnet_lite.networks.teacher import Teacher, start_from_teacher


class Identity(nn.Module):
    """A trunk whose feature map is the image."""

    out_channels = 3

    def forward(self, x):
        return x


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return AppearanceEncoder(SmallResNet(4), num_ids=7, feature_dim=5).eval()


@pytest.fixture
def x():
    return torch.randn(2, 3, 64, 32)


def test_the_code_is_the_largest_activation_in_each_of_four_stripes():
    image = torch.zeros(1, 3, 8, 4)
    image[0, 1, 0, 3], image[0, 1, 2, 0], image[0, 1, 5, 1], image[0, 1, 7, 2] = 1, 2, 3, 4  # rows 0-1, 2-3, 4-5, 6-7
    code = AppearanceEncoder(Identity(), num_ids=2).code(image)
    assert code[0, :, :, 0].tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0]]


def test_the_code_alone_is_the_code_of_the_whole_answer(encoder, x):
    torch.testing.assert_close(encoder.code(x), encoder(x).code, rtol=0, atol=0)


def test_the_features_alone_are_those_of_the_whole_answer(encoder, x):
    whole = encoder(x)
    torch.testing.assert_close(encoder.features(x), (whole.f_prim, whole.f_fine), rtol=0, atol=0)


def test_the_two_heads_do_not_share_weights(encoder, x):
    f_prim, f_fine = encoder.features(x)
    assert not torch.allclose(f_prim, f_fine)


@pytest.mark.parametrize(("how", "expected"), [("max", [3.0, 6.0]), ("avg", [1.5, 5.0])])
def test_the_pool_of_the_heads_by_hand(how, expected):
    feature_map = torch.tensor([[[[0.0, 1], [2, 3]], [[4, 4], [6, 6]]]])
    assert pool(feature_map, how).tolist() == [expected]


def test_heads_of_the_code_read_every_stripe_of_a_channel_then_the_next_channel():
    feature_map = torch.arange(16.0).reshape(1, 2, 8, 1)
    assert pool(feature_map, "code").tolist() == [[1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0]]


def test_heads_of_the_code_read_four_times_as_many_numbers():
    encoder = AppearanceEncoder(SmallResNet(4), num_ids=7, head_pool="code")
    assert encoder.prim.embed[0].in_features == encoder.fine.embed[0].in_features == 4 * encoder.code_channels


def test_the_feature_comes_before_the_dropout():
    head = Head(4, num_ids=3, feature_dim=6, dropout=1.0).train()
    f, logits = head(torch.randn(5, 4))
    assert f.abs().sum() > 0
    assert (logits == 0).all()  # everything dropped, and the classifier starts without a bias


def test_the_classifier_starts_near_zero_so_that_every_identity_is_as_likely():
    torch.manual_seed(0)
    assert Head(64, num_ids=751).classify.weight.std().item() == pytest.approx(0.001, rel=0.02)


def test_the_teacher_scores_with_one_head(x):
    teacher = Teacher(SmallResNet(4), num_ids=7, feature_dim=5).eval()
    (feature,) = teacher.features(x)
    torch.testing.assert_close(teacher(x), teacher.head.classify(feature))


def test_an_encoder_that_starts_from_the_teacher_says_what_the_teacher_says(x):
    torch.manual_seed(0)
    teacher = Teacher(SmallResNet(4), num_ids=7, feature_dim=5, head_pool="max").eval()
    encoder = AppearanceEncoder(SmallResNet(4), num_ids=7, feature_dim=5).eval()
    start_from_teacher(encoder, teacher)
    for scores in (encoder(x).logits_prim, encoder(x).logits_fine):
        torch.testing.assert_close(scores, teacher(x), rtol=0, atol=0)


def test_heads_of_the_code_start_from_the_teacher_as_the_mean_of_the_stripes():
    torch.manual_seed(0)
    teacher = Teacher(Identity(), num_ids=7, feature_dim=5, head_pool="avg").eval()
    encoder = AppearanceEncoder(Identity(), num_ids=7, feature_dim=5, head_pool="code").eval()
    start_from_teacher(encoder, teacher)
    four_rows = torch.randn(2, 3, 4, 1)  # one pixel a stripe: its maximum is its mean
    torch.testing.assert_close(encoder(four_rows).logits_prim, teacher(four_rows))


def test_heads_and_backbone_are_all_there_is(encoder):
    parts = [*encoder.backbone.parameters(), *encoder.heads()]
    assert {id(p) for p in parts} == {id(p) for p in encoder.parameters()}
