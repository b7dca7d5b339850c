"""The U-Net: down to coarse features, and up again beside what was seen on the way."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from terrazzo.models.unet.convolutions import CONVOLUTION, convolutions, folded
from terrazzo.models.unet.description import Level, UNetDescription
from terrazzo.models.unet.mean_field import LocalMeanField
from terrazzo.models.unet.spatial_pyramid import SpatialPyramid

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
            convolutions(channels, level.convolutions, description.dropout)
            for channels, level in zip(entering[:-1], down, strict=True)
        )
        bridged = [level.channels for level in reversed(down[:-1])]
        below = [down[-1].channels, *(level.channels for level in up)]
        self.rises = nn.ModuleList(
            _TRANSPOSED[axes](channels, bridge, level.factor, stride=level.factor)
            for channels, bridge, level in zip(below, bridged, up, strict=False)
        )
        self.up = nn.ModuleList(
            convolutions(2 * bridge, level.convolutions, description.dropout)
            for bridge, level in zip(bridged, up, strict=True)
        )
        classes, pyramid, crf = description.classes, description.pyramid, description.crf
        self.head = CONVOLUTION[axes](below[-1], classes, 1)
        self.pyramid = None if pyramid is None else SpatialPyramid(pyramid, below[-1], classes)
        self.crf = None if crf is None else LocalMeanField(crf, description.inputs, classes)
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
        return self.heads(x)[0]

    def heads(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return what `forward` does and, where there is a pyramid, the logits that it reads."""
        features = self._features(image)
        logits: Tensor = self.head(features)
        before: tuple[Tensor, ...] = ()
        if self.pyramid is not None:
            before = (logits,)
            logits = self.pyramid(features, logits)
        # large, and nobody needs them any more
        del features
        return (logits if self.crf is None else self.crf(logits, image), *before)

    def _features(self, x: Tensor) -> Tensor:
        """Return the features of the finest level on the way up."""
        seen = []
        for pool, level in zip(self.pools, self.down, strict=True):
            x = level(pool(x))
            seen.append(x)
        seen.pop()
        for rise, level in zip(self.rises, self.up, strict=True):
            x = torch.cat([seen.pop(), rise(x)], dim=1)
            x = level(x)
        return x

    def folded(self) -> UNet:
        """Return a copy for prediction, its normalisation folded into its convolutions: the same but for rounding."""
        network = copy.deepcopy(self).eval()
        for levels in (network.down, network.up):
            for number, level in enumerate(levels):
                levels[number] = folded(level)
        if network.pyramid is not None:
            network.pyramid.fold()
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


def _initialise(module: nn.Module) -> None:
    """He et al. 2015, as in the paper: a ReLU keeps half of what comes."""
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
