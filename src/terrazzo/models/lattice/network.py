"""The lattice network: superpixels hear their neighbours by direction, on several levels; pixels ask around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.errors import ParameterError
from terrazzo.models.lattice.grid_passing import DirectedPassing
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.column_norm import ColumnNorm, RowNorm


@dataclass(frozen=True)
class LatticeConfig:
    """The shape of a `LatticeNetwork`; its fields are plain JSON values but for the settings, which are spread.

    Parameters
    ----------
    axes : int
        2 or 3.
    node_columns, pixel_columns : int
        Numbers per superpixel and per pixel that come in.
    classes : int
    settings : LatticeSettings

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    axes: int
    node_columns: int
    pixel_columns: int
    classes: int
    settings: LatticeSettings

    def __post_init__(self) -> None:
        if self.axes not in (2, 3) or min(self.node_columns, self.pixel_columns, self.classes) < 1:
            raise ParameterError(
                f"a lattice network has {self.axes} axes, {self.node_columns} and {self.pixel_columns} columns and "
                f"{self.classes} classes; it must have 2 or 3 axes and at least one of each"
            )


class Projected(NamedTuple):
    """Embeddings brought to the width of the pixels' network, each shape (…, H)."""

    own: Tensor
    around: Tensor


class LatticeNetwork(nn.Module):
    """Embeddings of superpixels, and the logits of superpixels and of pixels that follow from them.

    A round of messages is ``h + B gelu(A_0 n + sum_r A_r mean(n_j, j in direction r))`` with n = norm(h): a relational
    graph convolution (Schlichtkrull et al. 2018) whose relations are directions. On a lattice it is a convolution. What
    the norm divides by is fixed when training ends: a superpixel does not depend on what else is in a block. Rounds on
    coarser levels, pooled down and added up, see farther (Ronneberger et al. 2015).

    Parameters
    ----------
    config : LatticeConfig
    """

    def __init__(self, config: LatticeConfig) -> None:
        super().__init__()
        self.config = config
        chosen = config.settings
        width, levels = chosen.width, chosen.coarser
        rounds = [chosen.finest, *[chosen.blocks] * levels]
        self.inside = nn.Linear(config.node_columns, width)
        self.down = nn.ModuleList(self._rounds(number) for number in rounds)
        self.up = nn.ModuleList(self._rounds(number) for number in rounds[:levels])
        self.to_coarse = nn.ModuleList(nn.Linear(width, width) for _ in range(levels))
        self.to_fine = nn.ModuleList(nn.Linear(width, width) for _ in range(levels))
        self.region = nn.Linear(width, config.classes)
        if chosen.decision == "pixel":
            self.pixel = nn.Linear(config.pixel_columns, chosen.pixel_width)
            self.own = nn.Linear(width, chosen.pixel_width, bias=False)
            self.around = nn.Linear(width, chosen.pixel_width, bias=False)
            self.decide = nn.Linear(chosen.pixel_width, config.classes)

    def forward(self, passing: DirectedPassing, rows: Tensor) -> Tensor:
        """Return the embeddings of superpixels.

        Parameters
        ----------
        passing : DirectedPassing
        rows : Tensor of float32, shape (…, node_columns)
            What is known of each superpixel, scaled.

        Returns
        -------
        Tensor of float32, shape (…, width)
        """
        levels = len(self.up)
        h, kept = passing.present(0, self.inside(rows)), []
        for level, rounds in enumerate(self.down):
            for one in rounds:  # type: ignore[attr-defined]
                h = one(passing, level, h)
            kept.append(h)
            if level < levels:
                h = passing.present(level + 1, self.to_coarse[level](passing.pooled(level, h)))
        for level in reversed(range(levels)):
            h = kept[level] + passing.spread(level, self.to_fine[level](h))
            for one in self.up[level]:  # type: ignore[attr-defined]
                h = one(passing, level, h)
        return h

    def projected(self, h: Tensor) -> Projected:
        """Return embeddings as the pixels' network takes them: of a pixel's own superpixel, and of those around."""
        return Projected(self.own(h), self.around(h))

    def pixel_logits(self, responses: Tensor, own: Tensor, around: Tensor) -> Tensor:
        """Return the logits of pixels, shape (P, classes).

        Parameters
        ----------
        responses : Tensor of float32, shape (P, pixel_columns)
            Their own filter responses, scaled.
        own, around : Tensor of float32, shape (P, pixel_width)
            `projected` of their superpixel, and interpolated between the cells around them.
        """
        logits: Tensor = self.decide(functional.gelu(self.pixel(responses) + own + around))
        return logits

    def _rounds(self, number: int) -> nn.ModuleList:
        settings = self.config.settings
        return nn.ModuleList(_Round(settings, self.config.axes) for _ in range(number))


class _Round(nn.Module):
    """One round of messages with a matrix for each direction."""

    def __init__(self, settings: LatticeSettings, axes: int) -> None:
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
        """Drop whole columns of a window (Tompson et al. 2015)."""
        if not self.training or not self.dropout:
            return h
        kept = torch.full((h.shape[0], *[1] * (h.ndim - 2), h.shape[-1]), 1 - self.dropout, device=h.device)
        return h * (torch.bernoulli(kept) / (1 - self.dropout))
