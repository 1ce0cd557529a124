"""The rival of Fig. 3 and Table 2: an LSGAN that makes people of noise, with DG-Net's G, D, data, steps and batch.

    python -m dgnet_lite.training.unconditional --scale toy --out runs/lsgan

trains it and writes as many pictures as there are training images to runs/lsgan/seed0/images. The same command again
goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dgnet_lite import losses as L
from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches, denormalise
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.noise import NoiseGenerator
from dgnet_lite.presets import SCALES
from dgnet_lite.progress import progress as progress_bar
from dgnet_lite.progress import say
from dgnet_lite.schedule import lr_factor
from dgnet_lite.training import distributed
from dgnet_lite.training.__main__ import changes
from dgnet_lite.training.checkpoint import load, load_weights, write_whole
from dgnet_lite.training.loop import fit
from dgnet_lite.training.modes import frozen
from dgnet_lite.training.optimizers import LearningRates, adam
from dgnet_lite.training.precision import autocast
from dgnet_lite.training.step import what_d_minimises

OWN = {
    "losses.adversarial": "lsgan",
    "losses.punishment": 1e-4,
    "optim.lr_generator": 1e-4,
    "optim.lr_discriminator": 1e-3,
}
"""What differs from the recipe. D starts nearly flat. Nothing but D teaches G here, so with the rates of the scale
`toy` G outruns D before D tells anything apart, both losses stop where D answers 1/2 everywhere, and G makes noise."""


class UnconditionalTask:
    """An LSGAN under training, whatever `losses.adversarial` says. No identity, no reconstruction: eq. (7) alone."""

    name = "lsgan"

    def __init__(self, G: NoiseGenerator, D: MultiScaleDiscriminator, batches: Batches, config: Config) -> None:
        self.G, self.D, self.batches, self.config = G, D, batches, config
        self.device = batches.images.device
        c = config.optim
        if c.channels_last:
            D.to(memory_format=torch.channels_last)
        self.optimizers = {"G": adam([G], c, c.lr_generator), "D": adam([D], c, c.lr_discriminator)}
        self.rates = [LearningRates(optimizer) for optimizer in self.optimizers.values()]

    def update(self, step: int) -> dict[str, Tensor]:
        """One D step, then one of G. Returns both losses, detached; "total" is G's."""
        c, batches = self.config, self.batches
        for rate in self.rates:
            rate.set(lr_factor(step, c.optim, c.optim.steps))
        x = batches.crop(batches.anchors())
        z = self.G.draw(batches.batch_size, batches.generator)[batches.share.of(batches.batch_size)]
        with autocast(self.device, c.optim.bfloat16):
            fake = self.G(z.to(self.device))
            loss_d = what_d_minimises(self.D, x, fake, step, c.losses, L.discriminator_lsgan)
            self._learn("D", loss_d)
            with frozen(self.D):  # G learns to please D, D does not learn to be pleased
                loss_g = L.generator_lsgan(self.D(fake))
        self._learn("G", loss_g)
        return {"D": loss_d.detach(), "adv": loss_g.detach(), "total": loss_g.detach()}

    def _learn(self, name: str, loss: Tensor) -> None:
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        distributed.average_gradients(distributed.parameters_of([optimizer]))
        optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "batches": self.batches.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.batches.load_state_dict(state["batches"])


def train(
    config: Config, data: ReidData, folder: Path, *, device: str = "cpu", progress: bool = True
) -> tuple[NoiseGenerator, float]:
    """The generator of `folder`/lsgan, trained to `optim.steps` or loaded, and the seconds that its training took."""
    torch.manual_seed(config.seed + 1)
    G = NoiseGenerator(config.networks, config.data.height).to(device)
    c = config.networks
    D = MultiScaleDiscriminator(c.discriminator_width, c.discriminator_scales, c.discriminator_blocks).to(device)
    batches = data.batches(config, batch_size=config.optim.batch_size, seed=config.seed + 1, device=device)
    task = UnconditionalTask(G, D, batches, config)
    seconds = fit(task, config.optim.steps, folder / task.name, config, tensorboard=False, show_progress=progress)
    return G.eval(), seconds


def load_generator(folder: str | Path) -> tuple[NoiseGenerator, Config]:
    """What `train` left in `folder` (runs/lsgan/seed0) and its settings, without the data.

    Raises FileNotFoundError: nothing was trained there; ValueError: it is not finished, or of another version.
    """
    path = Path(folder) / "lsgan" / "last.pt"
    if not path.is_file():
        raise FileNotFoundError(
            f"no LSGAN at {path}. Train it: python -m dgnet_lite.training.unconditional --scale toy --out runs/lsgan"
        )
    state = load(path)
    config = Config.from_dict(state["config"])
    if state["step"] < config.optim.steps:
        raise ValueError(f"{path} is at step {state['step']} of {config.optim.steps}: the same command goes on with it")
    G = NoiseGenerator(config.networks, config.data.height)
    load_weights(G, state["task"]["G"], path)
    return G.eval(), config


@torch.no_grad()
def sample(G: NoiseGenerator, count: int, seed: int = 0, batch_size: int = 128) -> np.ndarray:
    """`count` pictures, uint8 (count, H, W, 3); the first ones do not depend on how many are asked for."""
    noise, device = torch.Generator().manual_seed(seed), next(G.parameters()).device
    z = torch.stack([G.draw(1, noise)[0] for _ in range(count)])
    return torch.cat([denormalise(G(part.to(device))).cpu() for part in z.split(batch_size)]).numpy()


def write_images(folder: str | Path, images: np.ndarray, *, progress: bool = True) -> Path:
    """uint8 (N, H, W, 3) as 000000.png, 000001.png, ... ; each file is whole or not there."""
    folder = Path(folder)
    for k, image in enumerate(progress_bar(images, show=progress, desc="pictures", unit="image")):
        picture = Image.fromarray(image)
        write_whole(folder / f"{k:06d}.png", partial(picture.save, format="PNG"))
    return folder


def main(arguments: list[str] | None = None) -> None:
    """Parse, train, and write pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m dgnet_lite.training.unconditional",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scale", default="toy", choices=list(SCALES))
    parser.add_argument(
        "--dataset", default="toymarket", help="toymarket, toymarket-few, market1501, market1501-val or msmt17"
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images", type=int, help="how many pictures; as many as the training set has unless given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], metavar="NAME=VALUE", help="optim.steps=100")
    asked = parser.parse_args(arguments)
    try:
        settings = OWN | changes(asked)
        config = Config.preset("official", asked.scale, seed=asked.seed, dataset=asked.dataset, **settings)
    except (TypeError, ValueError, KeyError) as error:
        parser.error(str(error))
    data = load_data(config, asked.data_root)
    folder = asked.out / f"seed{asked.seed}"
    G, seconds = train(config, data, folder, device=asked.device)
    count = len(data.train) if asked.images is None else asked.images
    write_images(folder / "images", sample(G, count, asked.seed))
    say(f"{config.optim.steps:,} steps in {seconds / 60:.1f} minutes; {count:,} pictures in {folder / 'images'}")


if __name__ == "__main__":
    main()
