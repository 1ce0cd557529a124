"""The convolutional trunk of E_a and of the teacher: an image in, a feature map out."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

SMALL = "small"
CLASSIFIERS = ("fc.", "classifier.", "head.")


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a way around them (He et al. 2016, Fig. 2): torchvision's, name by name.

    (B, n_in, H, W) -> (B, n_out, H/stride, W/stride). Written out, as torchvision takes seconds to import and a lesson
    needs nothing else of it.
    """

    def __init__(self, n_in: int, n_out: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        around = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + around)


class SmallResNet(nn.Module):
    """A residual trunk for 64 x 32 images on a laptop: stride 8 (16 with last_stride=2), 8*width channels.

    (B, 3, H, W) -> (B, 8w, H/8, W/8). Not in the paper; it stands where ResNet50 stands at full scale.
    """

    def __init__(self, width: int = 16, last_stride: int = 1) -> None:
        super().__init__()
        w = width

        def stage(n_in: int, n_out: int, stride: int) -> nn.Module:
            shortcut = None
            if stride != 1 or n_in != n_out:
                shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
            return BasicBlock(n_in, n_out, stride, shortcut)

        self.stem = nn.Sequential(  # (B, 3, H, W) -> (B, w, H/2, W/2)
            nn.Conv2d(3, w, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(w), nn.ReLU(inplace=True)
        )
        self.stages = nn.Sequential(
            stage(w, w, 1), stage(w, 2 * w, 2), stage(2 * w, 4 * w, 2), stage(4 * w, 8 * w, last_stride)
        )
        self.out_channels = 8 * w
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))


class TorchvisionBackbone(nn.Module):
    """Any torchvision classifier, cut where its last feature map is.

    (B, 3, H, W) -> (B, out_channels, h, w). The last stage of a ResNet can keep its resolution (`last_stride=1`,
    release); other models have no such switch, and `last_stride` says nothing to them.
    """

    def __init__(self, name: str, weights: str | None, last_stride: int = 2) -> None:
        import torchvision  # slow to import, and not needed by the small backbone

        super().__init__()
        if name not in torchvision.models.list_models(module=torchvision.models):
            known = ", ".join(["small", "resnet18", "resnet50", "convnext_tiny", "mobilenet_v3_large", "densenet121"])
            raise ValueError(f"no backbone {name!r} in torchvision.models; for example: {known}")
        imagenet = None
        if weights == "imagenet":
            imagenet = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]  # the generation the paper had
        model = torchvision.models.get_model(name, weights=imagenet)
        if weights not in (None, "imagenet"):
            load_backbone_weights(model, Path(weights))
        if hasattr(model, "features"):
            self.trunk = model.features
            if hasattr(model, "permute"):  # Swin works with the channels last, and turns them round after a norm
                self.trunk = nn.Sequential(model.features, model.norm, model.permute)
        elif hasattr(model, "layer4"):
            self.trunk = nn.Sequential(*[m for n, m in model.named_children() if n not in ("avgpool", "fc")])
            if last_stride == 1:
                keep_resolution(model.layer4)
        else:
            raise ValueError(
                f"{name} does not end in a feature map known here (`features` or `layer4`), so it cannot give a "
                "code for each body stripe: take a ResNet, ConvNeXt, MobileNet, DenseNet or Swin"
            )
        with torch.no_grad():
            self.out_channels = self.trunk.eval()(torch.zeros(1, 3, 64, 32)).shape[1]
        self.trunk.train()

    def forward(self, x: Tensor) -> Tensor:
        return self.trunk(x)


def keep_resolution(stage: nn.Module) -> None:
    """Set every stride of a ResNet stage to 1: twice the rows and columns for the pooling of stripes."""
    for module in stage.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)


def load_backbone_weights(model: nn.Module, path: Path) -> None:
    """Fill a model from a state dict on disk, such as torchvision offers for download. The classifier is left as it is.

    Raises FileNotFoundError, or ValueError for a file that is no state dict or one of another model.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no backbone weights at {path}: give a state dict file, 'imagenet', or None")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise ValueError(f"{path} is no whole state dict ({error}): fetch it again") from error
    own = {k: v for k, v in model.state_dict().items() if not k.startswith(CLASSIFIERS)}
    wrong = [k for k, v in own.items() if getattr(state.get(k), "shape", None) != v.shape]
    if wrong:
        raise ValueError(
            f"{path} is of another model: {len(wrong)} of the backbone's {len(own)} tensors are missing or of another "
            f"shape, first {wrong[0]!r}. Give the weights of this backbone, or another backbone."
        )
    model.load_state_dict({k: state[k] for k in own}, strict=False)


def build_backbone(name: str, *, weights: str | None = None, width: int = 16, last_stride: int = 1) -> nn.Module:
    """`small` (ours, `width` counts) or a torchvision model by name. weights: "imagenet", a path, or None (random).

    The trunk says how many channels it ends in: `.out_channels`. torchvision fetches ImageNet weights and caches them.

    Raises ValueError for a model that torchvision has not or that has no feature map, and what `load_backbone_weights`
    raises.
    """
    if name == SMALL:
        if weights == "imagenet":
            raise ValueError("the small backbone has no ImageNet weights: set backbone_weights to None or to a path")
        backbone = SmallResNet(width, last_stride)
        if weights is not None:
            load_backbone_weights(backbone, Path(weights))
        return backbone
    return TorchvisionBackbone(name, weights, last_stride)
