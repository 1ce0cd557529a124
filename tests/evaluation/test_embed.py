import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dgnet_lite.data.batches import normalise
from dgnet_lite.evaluation.embed import combine, embed, eval_mode


class TwoHeads(nn.Module):
    """A small network with all that training mode changes: BatchNorm and dropout. Not symmetric under mirroring."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.Flatten())
        self.prim = nn.LazyLinear(6)
        self.fine = nn.Sequential(nn.Dropout(0.5), nn.LazyLinear(5))

    def features(self, x):
        hidden = self.body(x)
        return self.prim(hidden), self.fine(hidden)


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = TwoHeads()
    model.features(torch.randn(8, 3, 16, 8))  # fixes the lazy sizes, moves BatchNorm's statistics
    return model


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (11, 16, 8, 3), dtype=np.uint8)


def test_each_head_gives_one_row_per_image(model, images):
    prim, fine = embed(model, images)
    assert (prim.shape, fine.shape) == ((11, 6), (11, 5))


def test_rows_have_length_one(model, images):
    prim, _ = embed(model, images)
    torch.testing.assert_close(prim.norm(dim=1), torch.ones(11))


def test_a_row_is_the_unit_sum_of_the_unit_features_of_both_views(model, images):
    x = normalise(torch.from_numpy(images))
    with torch.no_grad(), eval_mode(model):
        plain, mirrored = model.features(x)[1], model.features(x.flip(dims=[3]))[1]
    expected = F.normalize(F.normalize(plain) + F.normalize(mirrored))
    torch.testing.assert_close(embed(model, images)[1], expected)


def test_an_image_and_its_mirror_image_have_the_same_features(model, images):
    torch.testing.assert_close(embed(model, images)[0], embed(model, images[:, :, ::-1].copy())[0])


def test_the_batch_size_changes_nothing(model, images):
    torch.testing.assert_close(embed(model, images, batch_size=3)[0], embed(model, images, batch_size=256)[0])


def test_arrays_and_tensors_give_the_same_features(model, images):
    torch.testing.assert_close(embed(model, images), embed(model, torch.from_numpy(images)), rtol=0, atol=0)


def test_embedding_leaves_the_statistics_of_batchnorm_alone(model, images):
    before = model.body[1].running_mean.clone()
    embed(model, images)
    assert torch.equal(model.body[1].running_mean, before)


def test_embedding_leaves_every_submodule_in_the_mode_it_was_in(model, images):
    model.train()
    model.body.eval()
    before = [part.training for part in model.modules()]
    embed(model, images)
    assert [part.training for part in model.modules()] == before


def test_the_mode_is_restored_after_an_error(model):
    with pytest.raises(RuntimeError, match="stop"), eval_mode(model):
        raise RuntimeError("stop")
    assert model.training


def test_features_carry_no_gradient(model, images):
    assert not embed(model, images)[0].requires_grad


def test_a_model_without_features_is_an_error(images):
    with pytest.raises(TypeError, match=r"Linear has no method features\(x\)"):
        embed(nn.Linear(2, 2), images)


def test_images_that_are_not_bytes_are_an_error(model, images):
    with pytest.raises(TypeError, match=r"must be uint8 in 0\.\.255.*float32"):
        embed(model, images.astype(np.float32))


@pytest.mark.parametrize("shape", [(16, 8, 3), (2, 3, 16, 8), (0, 16, 8, 3)])
def test_images_of_a_wrong_shape_are_an_error(model, shape):
    with pytest.raises(ValueError, match=r"must be \(N, H, W, 3\) with N > 0"):
        embed(model, np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("beta", [0.0, 0.5, 2.0])
def test_products_of_combined_features_are_the_weighted_sum_of_both_cosines(beta):
    torch.manual_seed(0)
    query, gallery = (torch.randn(4, 6), torch.randn(4, 5)), (torch.randn(9, 6), torch.randn(9, 5))
    cosines = [F.cosine_similarity(q[:, None], g[None], dim=2) for q, g in zip(query, gallery, strict=True)]
    product = combine(*query, beta=beta) @ combine(*gallery, beta=beta).T
    torch.testing.assert_close(product, cosines[0] + beta * cosines[1])


def test_beta_is_one_half_unless_said_otherwise():
    prim, fine = torch.randn(4, 6), torch.randn(4, 5)
    assert torch.equal(combine(prim, fine), combine(prim, fine, beta=0.5))


def test_a_negative_beta_is_an_error():
    with pytest.raises(ValueError, match=r"beta .* at least 0; got -1"):
        combine(torch.ones(1, 2), torch.ones(1, 2), beta=-1.0)
