"""Embeddings brought to a common scale: each column by what training has seen of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAST_SHARE = 0.05
"""How much the newest batch counts at least in what is remembered."""

SMALLEST = 1e-5


class ColumnNorm(nn.Module):
    """Each column of a table less its mean and divided by its deviation, both over regions (Ioffe & Szegedy 2015).

    In training they are those of the batch; afterwards those that were remembered, which do not depend on what else is
    in a block. Statistics are in single precision, whatever the table is in.

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
        mean, variance = self._of_batch(h.float(), there) if self.training else (self.mean, self.variance)
        factor = self.weight * torch.rsqrt(variance + SMALLEST)
        return h * factor + (self.bias - mean * factor)

    def _of_batch(self, h: Tensor, there: Tensor | None) -> tuple[Tensor, Tensor]:
        flat = h.flatten(0, -2)
        regions = len(flat) if there is None else there.sum().clamp(min=1)
        mean = flat.sum(dim=0) / regions
        variance = (flat.square().sum(dim=0) / regions - mean.square()).clamp(min=0)
        with torch.no_grad():
            self.batches += 1
            share = (1 / self.batches).clamp(min=LEAST_SHARE)
            self.mean.lerp_(mean, share)
            self.variance.lerp_(variance, share)
        return mean, variance


class RowNorm(nn.LayerNorm):
    """Each row of a table by itself, as files of before have it (Ba et al. 2016)."""

    def forward(self, h: Tensor, there: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Return a table (…, width) scaled; `there` says nothing that a row needs."""
        return super().forward(h)
