"""Features of images: which network, at which size, under which name; and FID only of FID's own network."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from dgnet_lite.data.batches import normalise
from dgnet_lite.evaluation import extractors
from dgnet_lite.evaluation.frechet import frechet_distance


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 16, 8, 3), dtype=np.uint8)


class Means(nn.Module):
    """Its features are the mean colours, and twice those."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3, momentum=1.0)

    def features(self, x):
        return self.norm(x.mean(dim=(2, 3))), 2 * x.mean(dim=(2, 3))


def test_thumbnails_are_the_mean_colours_of_cells(images):
    got = extractors.thumbnails(2, 1)(images)
    expected = np.stack([images[:, :8].mean(axis=(1, 2)), images[:, 8:].mean(axis=(1, 2))], axis=2) / 255
    torch.testing.assert_close(got, torch.from_numpy(expected.reshape(5, 6)), rtol=0, atol=1e-6)


def test_a_model_is_asked_for_its_head_of_normalised_images_and_in_eval_mode(images):
    model = Means()
    got = extractors.embedding(model, "means", head=1)(images, batch_size=2)
    expected = 2 * normalise(torch.from_numpy(images)).mean(dim=(2, 3)).double()
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)
    before = model.norm.running_mean.clone()
    extractors.embedding(model, "means")(images)
    assert torch.equal(model.norm.running_mean, before)
    assert model.training


def test_a_backbone_is_pooled_over_places(images):
    backbone = nn.Conv2d(3, 4, 3)
    got = extractors.pooled(backbone, "conv")(images)
    expected = backbone(normalise(torch.from_numpy(images))).mean(dim=(2, 3)).detach().double()
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


def test_images_of_another_height_are_resized_as_they_are_when_read(images):
    got = extractors.resized(images, 32)
    assert got.shape == (5, 32, 16, 3)
    by_pillow = np.asarray(Image.fromarray(images[2]).resize((16, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(got[2], by_pillow)
    seen = []
    extractors.Extractor("e", lambda x: seen.append(tuple(x.shape)) or x.float().flatten(1), height=32)(images)
    assert seen == [(5, 3, 32, 16)]


def test_only_the_network_of_fid_gives_a_distance_of_that_name():
    assert extractors.thumbnails().frechet == "Fréchet distance in thumbnails of 8 x 4"
    own = extractors.Extractor("Inception-v3's features", torch.flatten, is_fid=True)
    assert (own.frechet, own.kernel) == ("FID", "KID")
    assert "FID" not in extractors.embedding(Means(), "the teacher's features").frechet


def test_a_model_without_features_is_refused():
    with pytest.raises(TypeError, match="Conv2d has no method features"):
        extractors.embedding(nn.Conv2d(3, 3, 1), "conv")


def test_images_that_are_not_bytes_are_refused(images):
    with pytest.raises(TypeError, match="images must be uint8"):
        extractors.thumbnails()(images.astype(np.float32))


def test_without_torch_fidelity_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(extractors, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dgnet_lite\[fid\]', or take the teacher's features"):
        extractors.inception()


@pytest.fixture
def fidelity():
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("torch-fidelity is not installed: pip install -e '.[fid]'")


def test_without_weights_nothing_is_fetched_and_the_error_names_the_file(fidelity, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("it asked the network"))
    with pytest.raises(FileNotFoundError, match=rf"checkpoints/{extractors.INCEPTION_WEIGHTS}.*Download"):
        extractors.inception()


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x02cos\nsystem\n"])
def test_a_file_of_something_else_is_refused(fidelity, tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not hold the weights of FID's Inception"):
        extractors.inception(path)


def test_weights_of_another_network_are_refused(fidelity, tmp_path):
    torch.save(nn.Conv2d(3, 4, 1).state_dict(), tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="does not hold the weights of FID's Inception"):
        extractors.inception(tmp_path / "weights.pth")


def test_fid_takes_2048_numbers_of_images_of_256_x_128(fidelity, images, tmp_path, monkeypatch):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Inception

    torch.manual_seed(0)  # no weights at hand: those it starts with
    with monkeypatch.context() as m:
        m.setattr(Inception, "load_state_dict", lambda *_: None)
        m.setattr(torch, "load", lambda *_, **__: None)
        network = Inception("inception-v3-compat", ["2048"], "unused")
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    extract = extractors.inception(tmp_path / "weights.pth")
    got = extract(images[:2])
    assert (extract.height, extract.is_fid, tuple(got.shape)) == (256, True, (2, 2048))
    as_read = torch.from_numpy(extractors.resized(images[:2], 256)).permute(0, 3, 1, 2).contiguous()
    expected = network(as_read)[0].double()
    assert (got - expected).norm() < 1e-4 * (expected - expected.mean(dim=0)).norm()  # of what tells two images apart
    with pytest.raises(ValueError, match="needs at least 2048 images a set; real has 2"):
        frechet_distance(got, got)
