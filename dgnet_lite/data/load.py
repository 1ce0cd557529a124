"""A data set ready for training and evaluation: the index, and the images as uint8 arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dgnet_lite.config import Config
from dgnet_lite.data import msmt17, reid, toymarket
from dgnet_lite.data.batches import WHOLE, Batches, Share
from dgnet_lite.data.toymarket import ToyMarket


@dataclass(frozen=True, eq=False)
class ReidData:
    """Images are uint8 (N, H, W, 3), in the order of the index's splits. `world` draws true swaps: Toy Market only."""

    index: reid.ReidIndex
    train: np.ndarray
    query: np.ndarray
    gallery: np.ndarray
    world: ToyMarket | None

    @property
    def num_ids(self) -> int:
        return self.index.num_ids

    def batches(
        self, config: Config, *, batch_size: int, seed: int, device: str = "cpu", share: Share = WHOLE
    ) -> Batches:
        """Training batches as `config.data` says; of each the share of this process."""
        d = config.data
        return Batches(
            self.train,
            self.index.labels,
            self.index.train.cameras,
            batch_size=batch_size,
            pad=d.pad,
            positives=d.positives,
            partners=d.partners,
            seed=seed,
            device=device,
            share=share,
        )


def load_data(config: Config, root: str | Path, *, workers: int | None = None, progress: bool = True) -> ReidData:
    """Read (and, for Toy Market, first draw) the data set of `config` in the folder `root`.

    toymarket: drawn into root/toymarket-SCALE-HEIGHT-DRAW if it is not there. toymarket-few: the same with half of the
    training identities, where swaps help most (lesson 14). market1501: the standard test protocol.
    market1501-val: the paper's validation protocol (first 651 identities train, last 100 are queried), for which the
    training folder is enough. msmt17: its test protocol; in memory, 126,441 images of 256 x 128 take 12 GB. Raises what
    `reid.read_market1501`, `reid.validation_protocol` and `msmt17.read_msmt17` raise.
    """
    root, height, world = Path(root), config.data.height, None
    if config.dataset in toymarket.DATASETS:
        spec = toymarket.spec_of(config.dataset, config.scale)
        folder = root / f"{config.dataset}-{config.scale}-{height}-{config.data.draw}"
        toymarket.write(folder, spec, height=height, seed=config.data.draw, workers=workers, progress=progress)
        world = ToyMarket.load(folder)
        index = reid.read_market1501(folder, name="toymarket")
    elif config.dataset == "market1501":
        index = reid.read_market1501(root)
    elif config.dataset == "msmt17":
        index = msmt17.read_msmt17(root)
    else:
        index = reid.validation_protocol(root)
    splits = (index.train, index.query, index.gallery)
    return ReidData(index, *(reid.read_images(s.paths, height, progress=progress) for s in splits), world)
