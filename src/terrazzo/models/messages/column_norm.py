"""Embeddings brought to a common scale: each column by what training has seen of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST_SHARE = 0.05
"""How much the newest batch counts at least in what is remembered."""

SMALLEST = 1e-5

TRUSTED, CERTAIN = 50, 200
"""Batches after which what is remembered begins to count in training, and after which it counts in full."""

MOST_FACTOR, MOST_MOVED = 3.0, 5.0
"""How far batches then may be from what is remembered: in deviations by a factor, in means by so many of them."""


class ColumnNorm(nn.Module):
    """Each column of a table less its mean and divided by its deviation, both over regions (Ioffe & Szegedy 2015).

    They are those that were remembered of the batches of training, which do not depend on what else is in a block. In
    training, values come out as by these, too, once enough is remembered, but gradients know that a batch has a mean
    and a deviation (batch renormalisation, Ioffe 2017): images of one batch may be unlike those of the next. Statistics
    are in single precision, whatever the table is in.

    Parameters
    ----------
    width : int
        Columns.
    """

    mean: Tensor
    variance: Tensor
    batches: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, h: Tensor, there: Tensor | None) -> Tensor:
        """Return a table (…, width) scaled.

        Parameters
        ----------
        h : Tensor
        there : Tensor of float32, shape (…, 1), or None
            1 where a region is, else 0: where rows are 0 as well. None is everywhere.
        """
        if not self.training:
            factor = self.weight * torch.rsqrt(self.variance + SMALLEST)
            return h * factor + (self.bias - self.mean * factor)
        flat = h.flatten(0, -2)
        if there is None and len(flat) == 1:
            there = h.new_ones((*h.shape[:-1], 1))  # torch has no statistics of a single row
        if there is not None:
            mean, variance = _moments(h.float(), there)
            ratio, moved = self._renormed(mean.detach(), variance.detach())
            factor = torch.rsqrt(variance + SMALLEST) * ratio
            return h * (self.weight * factor) + (self.bias + self.weight * (moved - mean * factor))
        with torch.no_grad():
            variance, mean = torch.var_mean(flat.float(), dim=0, correction=0)
            ratio, moved = self._renormed(mean, variance)
        # one kernel there and one back
        weight, bias = self.weight * ratio, self.bias + self.weight * moved
        return functional.batch_norm(flat, None, None, weight, bias, training=True, eps=SMALLEST).view(h.shape)

    @torch.no_grad()
    def _renormed(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return what takes columns that a batch has scaled to what is remembered, which then learns of the batch."""
        deviation, remembered = torch.sqrt(variance + SMALLEST), torch.sqrt(self.variance + SMALLEST)
        trust = ((self.batches - TRUSTED) / (CERTAIN - TRUSTED)).clamp(0, 1)
        most, bound = 1 + (MOST_FACTOR - 1) * trust, MOST_MOVED * trust
        ratio = torch.minimum(torch.maximum(deviation / remembered, 1 / most), most)
        moved = torch.minimum(torch.maximum((mean - self.mean) / remembered, -bound), bound)
        self.batches += 1
        share = (1 / self.batches).clamp(min=LEAST_SHARE)
        self.mean.lerp_(mean, share)
        self.variance.lerp_(variance, share)
        return ratio, moved


def _moments(h: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    flat, regions = h.flatten(0, -2), there.sum().clamp(min=1)
    mean = flat.sum(dim=0) / regions
    return mean, (flat.square().sum(dim=0) / regions - mean.square()).clamp(min=0)


class RowNorm(nn.LayerNorm):
    """Each row of a table by itself, as files of before have it (Ba et al. 2016)."""

    def forward(self, h: Tensor, there: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Return a table (…, width) scaled; `there` says nothing that a row needs."""
        return super().forward(h)
