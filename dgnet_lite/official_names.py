"""What the tensors of the authors' released checkpoints are called, and what we call them.

The functions whose names end in `_layers` are the table: pairs (layer in the release, layer of ours). The tensors of a
layer (weight, bias, running_mean, ...) are called the same on both sides. `official.py` reads and writes the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from dgnet_lite.dgnet import DGNet

Layers = Iterator[tuple[str, str]]


def generator_layers() -> Layers:
    """E_s and G, `gen_*.pt`."""
    stem, residual, pyramid = (f"enc_content.model.{k}" for k in ("{}", "4.model", "5"))
    for k in range(4):
        yield f"{stem.format(k)}.conv", f"E_s.stem.{k}.0"
    for k in range(4):
        yield f"{residual}.{k}.model.0.conv", f"E_s.residual.{k}.body.0"
        yield f"{residual}.{k}.model.1.conv", f"E_s.residual.{k}.body.3"
    yield f"{pyramid}.conv1.conv", "E_s.pyramid.branches.0.0"
    for k, reach in enumerate((6, 12, 18), start=1):  # the names say 6, 12, 18; the dilations are 3, 6, 9
        yield f"{pyramid}.conv{reach}.0.conv", f"E_s.pyramid.branches.{k}.0.0"
        yield f"{pyramid}.conv{reach}.1.conv", f"E_s.pyramid.branches.{k}.1"
    yield f"{pyramid}.fuse.conv", "E_s.pyramid.fuse.0"
    for k in range(4):
        yield f"dec.model.1.model.{k}.model.0.conv", f"G.residual.{k}.conv1"
        yield f"dec.model.1.model.{k}.model.1.conv", f"G.residual.{k}.conv2"
    for k in range(2):
        yield f"dec.model.{3 + 2 * k}.conv", f"G.upsample.{1 + 4 * k}"
        yield f"dec.model.{3 + 2 * k}.norm", f"G.upsample.{2 + 4 * k}"
    for k in range(3):
        yield f"dec.model.{6 + k}.conv", f"G.to_image.{2 * k}"
    for mlps, ours in (("mlp_w", "G.scale"), ("mlp_b", "G.bias")):
        for block in range(4):
            for k in range(3):
                yield f"{mlps}{block + 1}.model.{k}.fc", f"{ours}.{block}.{2 * k}"


def discriminator_layers(scales: int, blocks: int) -> Layers:
    """D, `dis_*.pt`."""
    for scale in range(scales):
        theirs, ours = f"cnns.{scale}", f"D.scales.{scale}.net"
        for k in range(5):
            yield f"{theirs}.{k}.conv", f"{ours}.{2 * k}"
        for k in range(blocks):
            yield f"{theirs}.{5 + k}.model.0.conv", f"{ours}.{10 + k}.body.0"
            yield f"{theirs}.{5 + k}.model.1.conv", f"{ours}.{10 + k}.body.3"
        yield f"{theirs}.{5 + blocks}", f"{ours}.{10 + blocks}"


def backbone_layers(ours: str) -> Layers:
    yield "model.conv1", f"{ours}.trunk.0"
    yield "model.bn1", f"{ours}.trunk.1"
    for k in range(1, 5):
        yield f"model.layer{k}", f"{ours}.trunk.{3 + k}"


def head_layers(theirs: str, ours: str) -> Layers:
    yield f"{theirs}.add_block.0", f"{ours}.embed.0"
    yield f"{theirs}.add_block.1", f"{ours}.embed.1"
    yield f"{theirs}.classifier.0", f"{ours}.classify"


def appearance_layers() -> Layers:
    """E_a, `id_*.pt`. f_prim is the first head of the release, f_fine the second."""
    yield from backbone_layers("E_a.backbone")
    yield from head_layers("classifier1", "E_a.prim")
    yield from head_layers("classifier2", "E_a.fine")


def teacher_layers() -> Layers:
    yield from backbone_layers("backbone")
    yield from head_layers("classifier", "head")


def tensor_names(layers: Iterable[tuple[str, str]], ours: Iterable[str]) -> dict[str, str]:
    """{name of a tensor in the release: our name} for all of our tensors in these layers."""
    return {
        theirs + name.removeprefix(layer): name
        for theirs, layer in layers
        for name in ours
        if name.startswith(f"{layer}.")
    }


def names_by_file(model: DGNet) -> dict[str, dict[str, str]]:
    """`tensor_names` for the files "gen", "id" and "dis"."""
    c, ours = model.config, model.state_dict().keys()
    return {
        "gen": tensor_names(generator_layers(), ours),
        "id": tensor_names(appearance_layers(), ours),
        "dis": tensor_names(discriminator_layers(c.discriminator_scales, c.discriminator_blocks), ours),
    }


def unused_tensors(kind: str, *, structure_channels: int = 128, code_channels: int = 2048) -> dict[str, Tensor]:
    """What the release stores and never uses, with the values that `save_official` invents for it.

    gen: the running statistics of AdaIN, which has none, as a fresh norm has them: 0 and 1. id, teacher: ImageNet's
    classifier of 1000 classes, zeros.
    """
    if kind in ("id", "teacher"):
        return {"model.fc.weight": torch.zeros(1000, code_channels), "model.fc.bias": torch.zeros(1000)}
    unused = {}
    if kind == "gen":
        for norm in (f"dec.model.1.model.{k}.model.{i}.norm" for k in range(4) for i in range(2)):
            unused[f"{norm}.running_mean"] = torch.zeros(structure_channels)
            unused[f"{norm}.running_var"] = torch.ones(structure_channels)
    return unused
