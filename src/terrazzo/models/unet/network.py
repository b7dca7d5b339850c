"""The U-Net: down to coarse features, and up again beside what was seen on the way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from terrazzo.models.unet.description import Level, UNetDescription

_CONVOLUTION: dict[int, Callable[..., nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
_NORM: dict[int, Callable[..., nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_POOL: dict[int, Callable[..., nn.Module]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
_TRANSPOSED: dict[int, Callable[..., nn.Module]] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


class UNet(nn.Module):
    """Logits per pixel, built from a description.

    Convolutions see zeros around the image: the mean intensity, where images are scaled to mean 0.

    Parameters
    ----------
    description : UNetDescription
    """

    def __init__(self, description: UNetDescription) -> None:
        super().__init__()
        self.description = description
        axes, down, up = description.axes, description.down.levels, description.up.levels
        entering = [description.inputs, *(level.channels for level in down)]
        self.pools = nn.ModuleList(_pool(level) for level in down)
        self.down = nn.ModuleList(
            _convolutions(channels, level, description.dropout)
            for channels, level in zip(entering[:-1], down, strict=True)
        )
        bridged = [level.channels for level in reversed(down[:-1])]
        below = [down[-1].channels, *(level.channels for level in up)]
        self.rises = nn.ModuleList(
            _TRANSPOSED[axes](channels, bridge, level.factor, stride=level.factor)
            for channels, bridge, level in zip(below, bridged, up, strict=False)
        )
        self.up = nn.ModuleList(
            _convolutions(2 * bridge, level, description.dropout) for bridge, level in zip(bridged, up, strict=True)
        )
        self.head = _CONVOLUTION[axes](below[-1], description.classes, 1)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """Logits per pixel.

        Parameters
        ----------
        x : Tensor, shape (B, inputs, y, x) or (B, inputs, z, y, x)
            Lengths are multiples of the description's stride.

        Returns
        -------
        Tensor, shape (B, classes, y, x) or (B, classes, z, y, x)
        """
        seen = []
        for pool, level in zip(self.pools, self.down, strict=True):
            x = level(pool(x))
            seen.append(x)
        seen.pop()
        for rise, level in zip(self.rises, self.up, strict=True):
            x = torch.cat([seen.pop(), rise(x)], dim=1)
            x = level(x)
        logits: Tensor = self.head(x)
        return logits

    def folded(self) -> UNet:
        """Return a copy for prediction, its normalisation folded into its convolutions: the same but for rounding."""
        network = copy.deepcopy(self).eval()
        for levels in (network.down, network.up):
            for number, level in enumerate(levels):
                levels[number] = _folded(level)
        return network.requires_grad_(False)


def channels_last(network: nn.Module, axes: int) -> nn.Module:
    """Return the network itself, of 2 or 3 spatial axes, its channels last in memory: that takes up to half as long."""
    layout = torch.channels_last if axes == 2 else torch.channels_last_3d
    return network.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]


def channels_first(network: nn.Module) -> nn.Module:
    """Return the network itself, its weights in memory as their shapes say."""
    return network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload,no-any-return]


def _pool(level: Level) -> nn.Module:
    return nn.Identity() if set(level.factor) == {1} else _POOL[len(level.factor)](level.factor)


def _convolutions(channels: int, level: Level, dropout: float) -> nn.Sequential:
    axes, steps = len(level.factor), list[nn.Module]()
    for one in level.convolutions:
        around = tuple(length // 2 for length in one.kernel)
        steps.append(_CONVOLUTION[axes](channels, one.channels, one.kernel, padding=around, bias=False))
        steps += [_NORM[axes](one.channels), nn.ReLU(inplace=True)]
        channels = one.channels
    return nn.Sequential(*steps, nn.Dropout(dropout)) if dropout else nn.Sequential(*steps)


def _folded(level: nn.Module) -> nn.Sequential:
    kept: list[Any] = []
    for step in level.children():
        if isinstance(step, nn.BatchNorm2d | nn.BatchNorm3d):
            kept[-1] = fuse_conv_bn_eval(kept[-1], step)
        elif not isinstance(step, nn.Dropout):
            kept.append(step)
    return nn.Sequential(*kept)


def _initialise(module: nn.Module) -> None:
    """He et al. 2015, as in the paper: a ReLU keeps half of what comes."""
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
