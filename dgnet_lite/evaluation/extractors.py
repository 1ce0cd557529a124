"""What turns images into the numbers that a distance between two sets of images is taken in.

Only the distance in the features of one certain network, the Inception-v3 that Heusel et al. (2017) took, is called
FID. Its weights are 91 MB, are not part of this package, and are never fetched unasked. In any other features it is
the same formula and another number, so it goes under another name.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from dgnet_lite.data.batches import normalise
from dgnet_lite.evaluation.embed import eval_mode
from dgnet_lite.evaluation.realism import Images, as_image_batch
from dgnet_lite.progress import progress as progress_bar

INCEPTION_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
"""TensorFlow's network of FID, converted; in the release v0.2.0 of github.com/toshas/torch-fidelity."""
FID_HEIGHT = 256
"""Pixels to which images are resized before the Inception network; the width is half."""


@dataclass(frozen=True)
class Extractor:
    """Images (N, H, W, 3), uint8, to features (N, d), float64, in batches.

    Attributes:
        name: of the features, to finish the sentence "Fréchet distance in ...".
        network: (B, 3, H, W), uint8 -> (B, d).
        height: images of another height are resized to it, bicubic, the width in proportion; None: as they are.
        is_fid: whether the distances are called FID and KID.
    """

    name: str
    network: Callable[[Tensor], Tensor]
    height: int | None = None
    is_fid: bool = False

    def __call__(self, images: Images, *, batch_size: int = 128, progress: bool = False) -> Float[Tensor, "n d"]:
        """Features on the CPU. Raises TypeError, ValueError: the images are not uint8 (N, H, W, 3), N > 0."""
        images = as_image_batch(images, "images")
        parts = []
        with torch.no_grad():
            for part in progress_bar(images.split(batch_size), show=progress, desc=self.name, unit="batch"):
                if self.height is not None and part.shape[1] != self.height:
                    part = torch.from_numpy(resized(part.cpu().numpy(), self.height))
                parts.append(self.network(part.permute(0, 3, 1, 2).contiguous()).double().cpu())
        return torch.cat(parts)

    @property
    def frechet(self) -> str:
        return "FID" if self.is_fid else f"Fréchet distance in {self.name}"

    @property
    def kernel(self) -> str:
        return "KID" if self.is_fid else f"kernel distance in {self.name}"


def resized(images: np.ndarray, height: int) -> np.ndarray:
    """(N, H, W, 3), uint8, at another height, the width in proportion; bicubic with antialiasing, as `read_images`."""
    size = (round(images.shape[2] * height / images.shape[1]), height)
    return np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in images])


def embedding(model: nn.Module, name: str, height: int | None = None, head: int = 0) -> Extractor:
    """Features of a model of this package, before they are normalised, of one view.

    Args:
        model: has `features(x) -> (f_1, f_2, ...)`, x (B, 3, H, W) ImageNet-normalised: the teacher, or E_a.
        name: as in "the teacher's features".
        height: the one it was trained with.
        head: which of the features.

    Raises TypeError: the model has no `features`.
    """
    if not callable(getattr(model, "features", None)):
        raise TypeError(f"{type(model).__name__} has no method features(x) -> (f_1, ...): pass the teacher, or E_a")
    return Extractor(name, _of_normalised(model, lambda x: model.features(x)[head]), height)


def pooled(backbone: nn.Module, name: str, height: int | None = None) -> Extractor:
    """The mean over places of a backbone's last map, (B, 3, H, W) ImageNet-normalised -> (B, d, h, w)."""
    return Extractor(name, _of_normalised(backbone, lambda x: backbone(x).mean(dim=(2, 3))), height)


def thumbnails(rows: int = 8, columns: int = 4) -> Extractor:
    """No network at all: the mean colours of rows x columns cells, in 0..1; 96 numbers as it stands.

    They see which colours are where, and no edge, no noise. Anybody can make them, so they are the control.
    """

    def cells(images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        return F.adaptive_avg_pool2d(images.float() / 255, (rows, columns)).flatten(1)

    return Extractor(f"thumbnails of {rows} x {columns}", cells)


def inception(weights: str | Path | None = None, device: torch.device | str = "cpu") -> Extractor:
    """The network of FID: 2,048 numbers, images resized to 256 x 128 before (paper, Table 2), to 299 x 299 within.

    Args:
        weights: the file `INCEPTION_WEIGHTS`; None: where torch keeps files that were fetched earlier.
        device: where it runs.

    Raises:
        ModuleNotFoundError: torch-fidelity, which knows its architecture, is not installed.
        FileNotFoundError: there is no such file. Nothing is fetched.
        ValueError: the file holds something else.
    """
    if find_spec("torch_fidelity") is None:
        raise ModuleNotFoundError(
            "FID's Inception network is in torch-fidelity, which is not installed: pip install 'dgnet_lite[fid]', or "
            "take the teacher's features, under another name"
        )
    from torchmetrics.image.fid import NoTrainInceptionV3  # slow to import, and seldom needed

    path = Path(weights) if weights else Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(
            f"no Inception weights at {path}, and without them there is no FID. Download {INCEPTION_WEIGHTS} (91 MB) "
            "from the release v0.2.0 of github.com/toshas/torch-fidelity and give its path, or take the teacher's "
            "features, under another name"
        )
    try:
        torch.load(path, map_location="cpu", weights_only=True)  # torch-fidelity would run code found in the file
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path), antialias=False)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = " ".join(str(error).split())[:120]
        raise ValueError(f"{path} does not hold the weights of FID's Inception ({said}): download it again") from error
    network = network.to(device)
    return Extractor("Inception-v3's features", lambda x: network(x.to(device)), FID_HEIGHT, is_fid=True)


def _of_normalised(model: nn.Module, features: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """`features` of ImageNet-normalised images, in eval mode, where the model is."""

    def network(images: Tensor) -> Tensor:
        parameter = next(model.parameters(), None)
        device = parameter.device if parameter is not None else torch.device("cpu")
        with eval_mode(model):
            return features(normalise(images.permute(0, 2, 3, 1).to(device)))

    return network
