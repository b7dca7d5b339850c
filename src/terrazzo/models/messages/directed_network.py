"""The network of directed messages: regions hear their neighbours with a matrix for each direction, on levels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.models.messages.column_norm import ColumnNorm, RowNorm
from terrazzo.models.messages.grid_passing import DirectedPassing
from terrazzo.models.messages.mean_field import MeanField
from terrazzo.models.messages.settings import DirectedSettings


class DirectedNetwork(nn.Module):
    """Embeddings of regions, and the logits of their classes that follow from them.

    A round of messages is ``h + B gelu(A_0 n + sum_r A_r mean(n_j, j in direction r))`` with n = norm(h): a relational
    graph convolution (Schlichtkrull et al. 2018) whose relations are directions. On a lattice it is a convolution. What
    the norm divides by is fixed when training ends: a region does not depend on what else is in a block. Rounds on
    coarser levels, pooled down and added up, see farther (Ronneberger et al. 2015).

    Parameters
    ----------
    axes : int
        2 or 3.
    columns, classes : int
        Numbers per region that come in; classes.
    settings : DirectedSettings
    edge_columns : int
        Numbers per boundary, which a conditional random field looks at.
    """

    def __init__(
        self, axes: int, columns: int, classes: int, settings: DirectedSettings, edge_columns: int = 0
    ) -> None:
        super().__init__()
        width, levels, rounds = settings.width, settings.coarser, settings.rounds

        def several(number: int) -> nn.ModuleList:
            return nn.ModuleList(_Round(axes, settings) for _ in range(number))

        self.inside = nn.Linear(columns, width)
        self.down = nn.ModuleList(several(number) for number in rounds)
        self.up = nn.ModuleList(several(number) for number in rounds[:levels])
        self.to_coarse = nn.ModuleList(nn.Linear(width, width) for _ in range(levels))
        self.to_fine = nn.ModuleList(nn.Linear(width, width) for _ in range(levels))
        self.region = nn.Linear(width, classes)
        steps = settings.crf_steps
        self.crf = MeanField(axes, edge_columns, classes, steps) if steps else None

    def forward(self, passing: DirectedPassing, rows: Tensor) -> Tensor:
        """Return the embeddings of regions.

        Parameters
        ----------
        passing : DirectedPassing
        rows : Tensor of float32, shape (…, columns)
            What is known of each region, scaled.

        Returns
        -------
        Tensor of float32, shape (…, width)
        """
        levels = len(self.up)
        # in single precision, whatever messages are computed in: much is added up in it
        h, kept = passing.present(0, self.inside(rows)).float(), []
        for level, rounds in enumerate(self.down):
            for one in rounds:  # type: ignore[attr-defined]
                h = one(passing, level, h)
            kept.append(h)
            if level < levels:
                h = passing.present(level + 1, self.to_coarse[level](passing.pooled(level, h))).float()
        for level in reversed(range(levels)):
            passing, h = passing.risen(level, kept[level], self.to_fine[level](h))
            for one in self.up[level]:  # type: ignore[attr-defined]
                h = one(passing, level, h)
        return h


class _Round(nn.Module):
    """One round of messages with a matrix for each direction."""

    def __init__(self, axes: int, settings: DirectedSettings) -> None:
        super().__init__()
        width = settings.width
        self.norm = (RowNorm if settings.norm == "row" else ColumnNorm)(width)
        like = (nn.Conv2d if axes == 2 else nn.Conv3d)(width, width, 3)
        self.matrices, self.bias = like.weight, nn.Parameter(like.bias.detach())  # type: ignore[union-attr]
        self.back = nn.Linear(width, width)
        self.dropout = settings.dropout

    def forward(self, passing: DirectedPassing, level: int, h: Tensor) -> Tensor:
        known = passing.present(level, self.norm(h, passing.there(level)))
        heard = passing.heard(level, known, self.matrices, self.bias)
        return h + passing.present(level, self._dropped(self.back(functional.gelu(heard))))

    def _dropped(self, h: Tensor) -> Tensor:
        """Drop whole columns of a window (Tompson et al. 2015), in a list those of each region."""
        if not self.training or not self.dropout:
            return h
        kept = torch.full((h.shape[0], *[1] * (h.ndim - 2), h.shape[-1]), 1 - self.dropout, device=h.device)
        return h * (torch.bernoulli(kept) / (1 - self.dropout)).to(h.dtype)
