"""The authors' released checkpoints: read them into our networks, and write ours in their format.

The release has one file each for E_s and G (`gen_*.pt`), E_a (`id_*.pt`) and D (`dis_*.pt`), every one a dict
`{"a": state_dict}`, and a bare state dict for the teacher (`net_last.pth`). Its weights are under a licence for
research (CC BY-NC-SA 4.0) and are not part of this project: to fetch them, and to keep to that licence, is the reader's
own business. What its tensors are called is in `official_names.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dgnet_lite.config import Config, NetworkConfig
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.official_names import names_by_file, teacher_layers, tensor_names, unused_tensors
from dgnet_lite.training.checkpoint import write_whole

RELEASE: NetworkConfig = Config.preset("official", "full", **{"networks.backbone_weights": None}).networks

# Settings of NetworkConfig that the names and shapes of the files do not all show, and those that shapes show.
KIND = (
    "last_stride",
    "head_pool",
    "downsamplings",
    "structure_dilations",
    "aspp",
    "generator_dilations",
    "upsampling_kernel",
    "code_slices",
)
SIZES = (
    "backbone",
    "feature_dim",
    "structure_width",
    "structure_channels",
    "mlp_width",
    "discriminator_width",
    "discriminator_scales",
    "discriminator_blocks",
)

SIGNS = {"gen": "enc_content.", "dis": "cnns.", "id": "classifier1.", "teacher": "classifier."}
"""How names begin that only one kind of file has."""


def check_architecture(c: NetworkConfig, *, any_size: bool) -> None:
    """Raise ValueError which names every setting that the release's networks cannot have."""
    wrong = [
        f"networks.{name} is {getattr(c, name)!r} and must be {getattr(RELEASE, name)!r}"
        for name in (*KIND, *(() if any_size else SIZES))
        if getattr(c, name) != getattr(RELEASE, name)
    ]
    if any_size and not c.backbone.startswith(("resnet", "resnext", "wide_resnet")):
        wrong.append(f"networks.backbone is {c.backbone!r} and must be a ResNet")
    if wrong:
        raise ValueError(
            f"these networks do not fit the release's format: {'; '.join(wrong)}. "
            'Config.preset("official", "full") has networks that do.'
        )


def read_state(path: str | Path, kind: str) -> dict[str, Any]:
    """The state dict in a file of the release. kind: "gen", "id", "dis" (wrapped in {"a": ...}) or "teacher" (bare).

    Raises FileNotFoundError; ValueError for a file that is damaged, no checkpoint, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no {kind} file at {path}: give the path of a file of the release")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # what damaged bytes raise depends on where the damage is
        raise ValueError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}): it is damaged, or is no file of tensors. "
            "Fetch or write it again."
        ) from error
    wrapped = isinstance(content, Mapping) and isinstance(content.get("a"), Mapping)
    state = content["a"] if wrapped else content
    if not isinstance(state, Mapping) or not any(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} is not in the release's format: it holds no state dict. Give a {kind} file.")
    found = next((k for k, sign in SIGNS.items() if any(str(name).startswith(sign) for name in state)), None)
    if found is not None and found != kind:
        raise ValueError(
            f"{path} was given as {kind!r} and has the tensors of {found!r}: were two paths exchanged? "
            "load_official takes gen, id and dis; load_official_teacher takes the teacher."
        )
    if wrapped == (kind == "teacher"):
        wanted = "a bare state dict" if kind == "teacher" else 'a dict {"a": state_dict}'
        raise ValueError(f'{path} is {"wrapped in" if wrapped else "not in"} {{"a": ...}}; a {kind} file is {wanted}.')
    return dict(state)


def shape_of(value: Any) -> tuple[int, ...] | None:
    return tuple(value.shape) if isinstance(value, Tensor) else None


def take(module: nn.Module, names: Mapping[str, str], state: Mapping[str, Any], path: str | Path) -> None:
    """Copy the tensors of `state` into `module`. ValueError names every tensor that is missing or of another shape."""
    own = module.state_dict()
    missing = [theirs for theirs in names if theirs not in state]
    wrong = {
        theirs: (shape_of(state[theirs]), shape_of(own[ours]))
        for theirs, ours in names.items()
        if theirs in state and shape_of(state[theirs]) != shape_of(own[ours])
    }
    if missing or wrong:
        problems = [f"missing: {', '.join(missing)}"] if missing else []
        for theirs, (found, shape) in wrong.items():
            problems.append(f"{theirs} is {'no tensor' if found is None else found}, expected {shape}")
        raise ValueError(f"{path} does not fit: {'; '.join(problems)}. {likely_cause(missing, wrong)}")
    module.load_state_dict({ours: state[theirs] for theirs, ours in names.items()}, strict=False)


def likely_cause(missing: list[str], wrong: Mapping[str, tuple[tuple[int, ...] | None, ...]]) -> str:
    """One sentence on why tensors are missing or of another shape."""
    identities = {found[0] for found, _ in wrong.values() if found}
    if not missing and all(".classifier.0." in theirs for theirs in wrong) and len(identities) == 1:
        (num_ids,) = identities
        return f"The file was trained on {num_ids} identities: give num_ids={num_ids}."
    return "The file is not whole, or of networks with other settings than the release's default ones."


def warn_of_unknown(unknown: Mapping[str, list[str]]) -> None:
    """One warning which names what the files hold and our networks have no place for. unknown: file -> names."""
    listed = "; ".join(f"{path}: {', '.join(map(str, names))}" for path, names in unknown.items() if names)
    if listed:
        warnings.warn(f"skipped, since these networks have no such tensors: {listed}", UserWarning, stacklevel=3)


def load_official(
    gen: str | Path,
    id: str | Path,
    dis: str | Path | None = None,
    num_ids: int = 751,
    device: str | torch.device = "cpu",
    *,
    networks: NetworkConfig = RELEASE,
) -> DGNet:
    """A released model in eval mode: E_s and G of the file `gen`, E_a of `id`, D of `dis`.

    Without `dis`, D has its fresh initial weights: it can be trained, and its scores mean nothing yet. num_ids: 751 for
    Market-1501. networks: the sizes of a model that `save_official` wrote with `any_size`.

    Names without a place in our networks (the released D's non-local block) are skipped and named in one warning; what
    the release itself never uses (`unused_tensors`) is skipped without a word.

    Raises FileNotFoundError; ValueError for a file that is damaged or of another kind, and for a tensor that is missing
    or of another shape, with the names of all.
    """
    check_architecture(networks, any_size=True)
    paths = {"gen": gen, "id": id} | ({} if dis is None else {"dis": dis})
    states = {kind: read_state(path, kind) for kind, path in paths.items()}
    model = DGNet(replace(networks, backbone_weights=None), num_ids)
    names = names_by_file(model)
    for kind, state in states.items():
        take(model, names[kind], state, paths[kind])
    warn_of_unknown(
        {str(paths[k]): [n for n in s if n not in names[k] and n not in unused_tensors(k)] for k, s in states.items()}
    )
    return model.to(device).eval()


def load_official_teacher(path: str | Path, num_ids: int = 751, device: str | torch.device = "cpu") -> Teacher:
    """A released teacher (`net_last.pth`) in eval mode. Warnings and errors: as `load_official`."""
    state = read_state(path, "teacher")
    teacher = build_teacher(RELEASE, num_ids)
    names = tensor_names(teacher_layers(), teacher.state_dict())
    take(teacher, names, state, path)
    warn_of_unknown({str(path): [n for n in state if n not in names and n not in unused_tensors("teacher")]})
    return teacher.to(device).eval()


def released(names: Mapping[str, str], module: nn.Module, unused: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our tensors under the release's names, and those that the release stores and never uses."""
    own = module.state_dict()
    return {theirs: own[ours].detach().cpu().contiguous() for theirs, ours in names.items()} | dict(unused)


def save_official(model: DGNet, folder: str | Path, step: int = 0, *, any_size: bool = False) -> dict[str, Path]:
    """Write `gen_`, `id_` and `dis_` files with the release's names and shapes. Returns {"gen": path, "id": ..., ...}.

    Each file is whole or not there. step: the eight digits in the names. Invented, because a strict loader asks for
    them though no network uses them: the running statistics of AdaIN and the ImageNet classifier (`unused_tensors`).
    Dropout is no part of the files.

    any_size: also write networks of other widths, or with another ResNet. The release's tools, at their default
    settings, do not open those; `load_official(networks=model.config)` does.

    Raises ValueError which names the settings that do not fit, OSError if a file cannot be written.
    """
    check_architecture(model.config, any_size=any_size)
    sizes = {"structure_channels": model.config.structure_channels, "code_channels": model.E_a.code_channels}
    paths = {}
    for kind, names in names_by_file(model).items():
        state = released(names, model, unused_tensors(kind, **sizes))
        paths[kind] = Path(folder) / f"{kind}_{step:08d}.pt"
        write_whole(paths[kind], lambda file, state=state: torch.save({"a": state}, file))
    return paths


def check_teacher(teacher: Teacher) -> None:
    """Raise ValueError which names the settings in which a teacher is not of the release's kind."""
    with torch.device("meta"):
        release = build_teacher(RELEASE, teacher.head.classify.out_features)

    def shapes(model: nn.Module) -> dict[str, torch.Size]:
        return {name: tensor.shape for name, tensor in model.state_dict().items()}

    def strides(model: nn.Module) -> list[tuple[int, ...]]:
        return [module.stride for module in model.modules() if isinstance(module, nn.Conv2d)]

    wrong = []
    if shapes(teacher) != shapes(release):
        wrong.append(f"networks.backbone must be {RELEASE.backbone!r} and networks.feature_dim {RELEASE.feature_dim}")
    elif strides(teacher) != strides(release):
        wrong.append(f"networks.teacher_last_stride must be {RELEASE.teacher_last_stride}")
    if teacher.head_pool != release.head_pool:
        wrong.append(f"networks.teacher_pool is {teacher.head_pool!r} and must be {release.head_pool!r}")
    if wrong:
        raise ValueError(f"this teacher does not fit the release's format: {'; '.join(wrong)}")


def save_official_teacher(teacher: Teacher, path: str | Path) -> None:
    """Write a teacher as the release stores it (`net_last.pth`), whole or not at all.

    Invented: the ImageNet classifier (`unused_tensors`). Raises ValueError which names the settings that do not fit,
    OSError if the file cannot be written.
    """
    check_teacher(teacher)
    names = tensor_names(teacher_layers(), teacher.state_dict())
    state = released(names, teacher, unused_tensors("teacher"))
    write_whole(Path(path), lambda file: torch.save(state, file))
