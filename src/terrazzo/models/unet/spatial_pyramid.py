"""A small network on top of another: parallel convolutions, such as dilated ones, added up."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from terrazzo.models.unet.convolutions import CONVOLUTION, convolutions, folded
from terrazzo.models.unet.description import Pyramid


class SpatialPyramid(nn.Module):
    """Logits from features and the logits that another network has of them.

    Parameters
    ----------
    pyramid : Pyramid
    features, classes : int
        Channels of what comes in.
    """

    def __init__(self, pyramid: Pyramid, features: int, classes: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(convolutions(features + classes, [branch]) for branch in pyramid.branches)
        self.head = CONVOLUTION[len(pyramid.branches[0].kernel)](pyramid.channels, classes, 1)

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Return logits (B, classes, …) of features (B, features, …) and the logits before."""
        x = torch.cat([features, logits], dim=1)
        first, *others = self.branches
        total = first(x)
        for branch in others:
            total = total + branch(x)
        said: Tensor = self.head(total)
        return said

    def fold(self) -> None:
        """Fold the normalisation into the convolutions, for prediction."""
        for number, branch in enumerate(self.branches):
            self.branches[number] = folded(branch)
