"""A conditional random field on a region graph, as a recurrent layer: regions that touch agree on their classes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrazzo.kernels.standardised import LIMIT
from terrazzo.models.messages.touching_pairs import TouchingPairs

FIRST_AGREEMENT = 0.2
"""How much a neighbour of a class adds to the logit of that class, before anything is learned."""


class MeanField(nn.Module):
    """Steps of the mean field of a conditional random field, with all its weights learned (Zheng et al. 2015).

    With logits u of regions by themselves and Q = softmax(u) to begin with, each step is

        a_i = sum over j that touch i of  w_ij M Q_j,    Q_i = softmax(u_i + a_i)

    M is symmetric, a number for each two classes. w_ij, from 0 to 1, is ``sigmoid(d + k b_ij)``: `d` is that of the
    line that the two lie on, b_ij are the logarithm of their boundary's extent and the contrast of each channel across
    it, scaled by those of the fit. A region's answer depends on no other that is more than `steps` boundaries away.

    Parameters
    ----------
    axes : int
        2 or 3.
    columns, classes : int
        Columns of `boundary_columns`; classes.
    steps : int
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, axes: int, columns: int, classes: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.lines = nn.Parameter(torch.zeros((3**axes - 1) // 2))
        self.boundary = nn.Parameter(torch.zeros(columns))
        self.agreement = nn.Parameter(FIRST_AGREEMENT * torch.eye(classes))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("deviation", torch.ones(columns))

    def scale(self, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
        """Set by what columns are scaled: those of the boundaries that are learned from."""
        self.mean.copy_(torch.from_numpy(mean))
        self.deviation.copy_(torch.from_numpy(deviation))

    def forward(self, logits: Tensor, pairs: TouchingPairs) -> Tensor:
        """Return what regions around add to the logits of regions, shape (N, classes).

        Parameters
        ----------
        logits : Tensor of float32, shape (N, classes)
            Of regions by themselves.
        pairs : TouchingPairs
            With rows of these.
        """
        weights = self.weights(pairs)
        low, high = pairs.ends
        agreement = (self.agreement + self.agreement.T) / 2
        added = torch.zeros_like(logits)
        for _ in range(self.steps):
            shares = torch.softmax(logits + added, dim=1)
            heard = torch.zeros_like(logits).index_add_(0, low, shares[high] * weights)
            added = heard.index_add_(0, high, shares[low] * weights) @ agreement
        return added

    def weights(self, pairs: TouchingPairs) -> Tensor:
        """Return how much regions that touch hear of each other, from 0 to 1, shape (E, 1)."""
        scaled = ((pairs.columns - self.mean) / self.deviation).clamp(-float(LIMIT), float(LIMIT))
        return torch.sigmoid(self.lines[pairs.lines] + scaled @ self.boundary)[:, None]
