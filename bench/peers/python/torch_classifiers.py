"""The networks of `era train classifier` in PyTorch: torchvision's where it has them, otherwise from its blocks, with the same names of parameters."""

from collections.abc import Callable

import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock


class PaddedShortcut(nn.Module):
    """He et al. 2016, option A: every second pixel, and channels of zeros on both sides."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.channels // 2, self.channels - self.channels // 2))


class CifarResnet(nn.Module):
    """He et al. 2016, section 4.2: 6n + 2 layers, three stages of 16, 32 and 64 channels."""

    def __init__(self, depth: int, classes: int):
        super().__init__()
        count = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(BasicBlock(16, 16) for _ in range(count)))
        self.layer2 = self._stage(16, count)
        self.layer3 = self._stage(32, count)
        self.fc = nn.Linear(64, classes)

    @staticmethod
    def _stage(inputs: int, count: int) -> nn.Sequential:
        first = BasicBlock(inputs, 2 * inputs, 2, PaddedShortcut(inputs))
        return nn.Sequential(first, *(BasicBlock(2 * inputs, 2 * inputs) for _ in range(count - 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class WideBlock(nn.Module):
    """Zagoruyko & Komodakis 2016: normalization and ReLU before each 3×3 convolution."""

    def __init__(self, inputs: int, out: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.convShortcut = None if inputs == out else nn.Conv2d(inputs, out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x), inplace=True)
        y = self.conv2(F.relu(self.bn2(self.conv1(active)), inplace=True))
        return y + (x if self.convShortcut is None else self.convShortcut(active))


class WideStage(nn.Module):
    def __init__(self, inputs: int, out: int, stride: int, count: int):
        super().__init__()
        first = WideBlock(inputs, out, stride)
        self.layer = nn.Sequential(first, *(WideBlock(out, out, 1) for _ in range(count - 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class WideResnet(nn.Module):
    def __init__(self, depth: int, widening: int, classes: int):
        super().__init__()
        count = (depth - 4) // 6
        widths = [16 * widening, 32 * widening, 64 * widening]
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.block1 = WideStage(16, widths[0], 1, count)
        self.block2 = WideStage(widths[0], widths[1], 2, count)
        self.block3 = WideStage(widths[1], widths[2], 2, count)
        self.bn1 = nn.BatchNorm2d(widths[2])
        self.fc = nn.Linear(widths[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x), inplace=True).mean((2, 3)))


def _torchvision(name: str) -> Callable[[int], nn.Module]:
    return lambda classes: getattr(torchvision.models, name)(num_classes=classes)


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "resnet20": lambda classes: CifarResnet(20, classes),
    "resnet56": lambda classes: CifarResnet(56, classes),
    "wrn-28-10": lambda classes: WideResnet(28, 10, classes),
    **{name: _torchvision(name) for name in ("resnet18", "resnet34", "resnet50", "resnet101")},
}


def classifier(name: str, classes: int) -> nn.Module:
    """A network in training mode. Raises ValueError where there is none of the name."""
    if name not in NETWORKS:
        raise ValueError(f"network {name!r} is unknown; allowed: {', '.join(NETWORKS)}")
    return NETWORKS[name](classes).train()
