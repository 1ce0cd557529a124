"""Training images held as one uint8 tensor on the training device, augmented there; triples (x_i, x_t, x_j)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@functools.cache
def _statistics(device: torch.device) -> tuple[Tensor, Tensor]:
    mean = torch.tensor(IMAGENET_MEAN, device=device).view(3, 1, 1)
    return mean, torch.tensor(IMAGENET_STD, device=device).view(3, 1, 1)


def normalise(images: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Bytes to ImageNet-normalised numbers, about -2.1 to 2.6; channels_last in memory."""
    mean, std = _statistics(images.device)
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / std


def denormalise(x: Float[Tensor, "b 3 h w"]) -> UInt8[Tensor, "b h w 3"]:
    """The inverse of `normalise`; what lies outside 0 to 255 is clipped."""
    mean, std = _statistics(x.device)
    return ((x.detach().float() * std + mean) * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous()


class Share(NamedTuple):
    """Which part of each batch a process takes: number `number` of `count` equal ones."""

    number: int
    count: int

    def of(self, size: int) -> slice:
        """Its rows among `size`."""
        part = size // self.count
        return slice(self.number * part, (self.number + 1) * part)


WHOLE = Share(0, 1)


@dataclass(frozen=True)
class Batch:
    """One step's images. All (B, ...), on the training device; images ImageNet-normalised."""

    x_i: Tensor
    x_t: Tensor
    """Another image of the same identity as x_i (x_i's own where there is no other)."""
    y: Tensor
    """Label of x_i and x_t, 0..K-1."""
    partner: Tensor
    """x_j = x_i[partner]: who gives the structure. A permutation, so each image gives it once."""
    index: Tensor
    """Row of x_i in the training set."""

    @property
    def x_j(self) -> Tensor:
        return self.x_i[self.partner]

    @property
    def y_j(self) -> Tensor:
        return self.y[self.partner]


class Batches:
    """Endless batches from images in memory. No worker processes: a batch is one gather on the device.

    images: uint8 (N, H, W, 3). labels: 0..K-1, (N,). cameras: (N,). Anchors come in shuffled epochs. All chance comes
    from one generator seeded with `seed`; `state_dict` restores the sequence to the very batch.
    Market-1501's training set takes 1.3 GB at 256 x 128.

    With several processes each draws the whole batch by the same chance and takes its `share`; structure is given
    within a share, so that nobody needs another's images. `batch_size` is that of all together.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor,
        labels: np.ndarray,
        cameras: np.ndarray,
        *,
        batch_size: int,
        pad: int,
        positives: Literal["any", "other_camera"] = "any",
        partners: Literal["different", "any"] = "different",
        seed: int = 0,
        device: str | torch.device = "cpu",
        share: Share = WHOLE,
    ) -> None:
        self.images = torch.as_tensor(images).to(device)
        self.labels, self.cameras = torch.as_tensor(labels).long(), torch.as_tensor(cameras).long()
        if self.images.dtype != torch.uint8:
            raise TypeError(f"images must be uint8 in 0..255, as read_images returns them; got {self.images.dtype}")
        if not len(self.images) == len(self.labels) == len(self.cameras):
            raise ValueError(f"{len(self.images)} images, {len(self.labels)} labels, {len(self.cameras)} cameras")
        if len(self.images) < batch_size:
            raise ValueError(f"{len(self.images)} training images are fewer than a batch of {batch_size}")
        if batch_size % share.count or (share.count > 1 and batch_size < 2 * share.count):
            raise ValueError(
                f"a batch of {batch_size} cannot be shared by {share.count} processes, two images or more each: set "
                f"optim.batch_size and optim.teacher_batch_size / 2 to a multiple of {share.count}"
            )
        self.batch_size, self.pad, self.positives, self.partners = batch_size, pad, positives, partners
        self.share, self.blocks = share, share.count
        self.generator = torch.Generator().manual_seed(seed)
        self.order, self.cursor = torch.empty(0, dtype=torch.long), 0
        self._blocks()

    def _blocks(self) -> None:
        """Sort the images by (label, camera): an identity is a block of rows, and each of its cameras a block in it."""
        key = self.labels * (int(self.cameras.max()) + 1) + self.cameras
        self.sorted = torch.argsort(key, stable=True)
        self.place = torch.empty_like(self.sorted)
        self.place[self.sorted] = torch.arange(len(self.sorted))
        labels, key = self.labels[self.sorted], key[self.sorted]
        self.id_start = torch.searchsorted(labels, self.labels)
        self.id_end = torch.searchsorted(labels, self.labels, right=True)
        own_key = key[self.place]
        self.camera_start = torch.searchsorted(key, own_key)
        self.camera_end = torch.searchsorted(key, own_key, right=True)

    def positive_of(self, index: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """A random other image of the same identity: from another camera if asked for and there is one."""
        start, end = self.id_start[index], self.id_end[index]
        skip_start, skip_end = self.place[index], self.place[index] + 1
        if self.positives == "other_camera":
            elsewhere = self.camera_end[index] - self.camera_start[index] < end - start
            skip_start = torch.where(elsewhere, self.camera_start[index], skip_start)
            skip_end = torch.where(elsewhere, self.camera_end[index], skip_end)
        choices = (end - start) - (skip_end - skip_start)
        draw = torch.rand(len(index), generator=self.generator)
        row = start + (draw * choices).long()
        row = torch.where(row >= skip_start, row + (skip_end - skip_start), row)
        return self.sorted[torch.where(choices > 0, row, self.place[index])]

    def partner_of(self, y: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """A permutation of the batch: who gives x_i its structure.

        "different": no one of the same identity; it always succeeds if no identity fills more than half of the batch.
        "any": the first half swaps with the second (release: two loaders).
        """
        n = len(y)
        if self.partners == "any":
            return torch.arange(n).roll(n // 2)
        classes, member = y.unique(return_inverse=True)
        shuffled = torch.randperm(len(classes), generator=self.generator)[member]
        order = torch.randperm(n, generator=self.generator)
        order = order[torch.argsort(shuffled[order], stable=True)]  # identities as blocks, in random order
        most = int(torch.bincount(member).max())
        partner = torch.empty(n, dtype=torch.long)
        partner[order] = order.roll(most)
        return partner

    def anchors(self) -> Int[Tensor, " b"]:
        if self.cursor + self.batch_size > len(self.order):
            self.order = torch.randperm(len(self.images), generator=self.generator)
            self.cursor = 0
        index = self.order[self.cursor : self.cursor + self.batch_size]
        self.cursor += self.batch_size
        return index

    def crop(self, index: Int[Tensor, " b"]) -> Float[Tensor, "s 3 h w"]:
        """This share of the images by row number, flipped and shifted (edge padding, random crop), each by chance."""
        return augment(self.images, index, self.pad, self.generator, self.share)

    def sample(self) -> Batch:
        """The next batch."""
        index = self.anchors()
        positive = self.positive_of(index)
        y = self.labels[index]
        partners = [self.partner_of(block) for block in y.split(len(y) // self.blocks)]
        if self.share.count == 1:
            partner = torch.cat([part + k * len(part) for k, part in enumerate(partners)])
        else:
            partner = partners[self.share.number]
        device, own = self.images.device, self.share.of(len(y))
        return Batch(self.crop(index), self.crop(positive), y[own].to(device), partner.to(device), index[own])

    def erase(self, x: Float[Tensor, "b 3 h w"], probability: float) -> Float[Tensor, "b 3 h w"]:
        """Random erasing of a batch's x_i and x_t, one after the other."""
        return random_erasing(x, probability, self.generator, share=self.share)

    def state_dict(self) -> dict[str, Any]:
        return {"generator": self.generator.get_state(), "order": self.order.clone(), "cursor": self.cursor}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if len(state["order"]) not in (0, len(self.images)):
            raise ValueError(f"saved with {len(state['order'])} training images; there are {len(self.images)} now")
        self.generator.set_state(state["generator"].cpu())
        self.order, self.cursor = state["order"].cpu(), state["cursor"]


def augment(
    images: UInt8[Tensor, "n h w 3"],
    index: Int[Tensor, " b"],
    pad: int,
    generator: torch.Generator,
    share: Share = WHOLE,
) -> Float[Tensor, "s 3 h w"]:
    """Mirror with probability 1/2 and shift by up to `pad` pixels with the edge repeated, as one gather.

    All b images have their draws, and those of the share are returned.
    """
    n, (height, width), device = len(index), images.shape[1:3], images.device
    shift = torch.randint(-pad, pad + 1, (2, n, 1), generator=generator)
    mirror = torch.rand(n, 1, generator=generator) < 0.5
    own = share.of(n)
    index, shift, mirror = index[own], shift[:, own], mirror[own]
    rows = (torch.arange(height) + shift[0]).clamp(0, height - 1)  # (B, H)
    cols = (torch.arange(width) + shift[1]).clamp(0, width - 1)  # (B, W)
    cols = torch.where(mirror, cols.flip(1), cols)
    index, rows, cols = index.to(device), rows.to(device), cols.to(device)
    return normalise(images[index[:, None, None], rows[:, :, None], cols[:, None, :]])


def random_erasing(
    x: Float[Tensor, "b 3 h w"],
    probability: float,
    generator: torch.Generator,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: float = 0.3,
    share: Share = WHOLE,
) -> Float[Tensor, "b 3 h w"]:
    """Set a random rectangle of each image to 0 (the mean colour), with the given probability; x is left as it is.

    The rectangle covers `area` of the image, height / width between `aspect` and 1 / aspect, cut to the image (release
    values). x is a process's share of x_i, then of x_t; the others' images have their draws, too.
    """
    n, (height, width) = len(x), x.shape[2:]
    u = torch.rand(5, n * share.count, generator=generator)
    if share.count > 1:
        u = u.view(5, 2, share.count, n // 2)[:, :, share.number].reshape(5, n)
    size = (area[0] + (area[1] - area[0]) * u[0]) * height * width
    ratio = aspect + (1 / aspect - aspect) * u[1]
    h, w = (size * ratio).sqrt().clamp(max=height - 1).floor(), (size / ratio).sqrt().clamp(max=width - 1).floor()
    top, left = (u[2] * (height - h)).floor(), (u[3] * (width - w)).floor()
    rows, cols = torch.arange(height), torch.arange(width)
    in_rows = (rows >= top[:, None]) & (rows < (top + h)[:, None])
    in_cols = (cols >= left[:, None]) & (cols < (left + w)[:, None])
    hit = in_rows[:, :, None] & in_cols[:, None, :] & (u[4] < probability)[:, None, None]
    return x.masked_fill(hit[:, None].to(x.device), 0.0)
