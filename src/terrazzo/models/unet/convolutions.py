"""Stacks of convolutions in 2 or 3 axes, with batch normalisation and ReLU; and the same with the former folded in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from terrazzo.models.unet.description import Convolution

CONVOLUTION: dict[int, Callable[..., nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
_NORM: dict[int, Callable[..., nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def convolutions(channels: int, stack: Sequence[Convolution], dropout: float = 0.0) -> nn.Sequential:
    """Return convolutions one after the other, the first of which reads so many channels, with dropout at the end."""
    steps = list[nn.Module]()
    for one in stack:
        axes = len(one.kernel)
        how = {"padding": one.radius, "dilation": one.steps, "bias": False}
        steps.append(CONVOLUTION[axes](channels, one.channels, one.kernel, **how))
        steps += [_NORM[axes](one.channels), nn.ReLU(inplace=True)]
        channels = one.channels
    return nn.Sequential(*steps, nn.Dropout(dropout)) if dropout else nn.Sequential(*steps)


def folded(stack: nn.Module) -> nn.Sequential:
    """Return `convolutions` for prediction: normalisation folded into weights, no dropout."""
    kept: list[Any] = []
    for step in stack.children():
        if isinstance(step, nn.BatchNorm2d | nn.BatchNorm3d):
            kept[-1] = fuse_conv_bn_eval(kept[-1], step)
        elif not isinstance(step, nn.Dropout):
            kept.append(step)
    return nn.Sequential(*kept)
