"""Messages over the cells of a lattice: a matrix for each direction is a convolution over the grid."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from terrazzo.blocks import Box


class DirectedPassing(Protocol):
    """Messages over superpixels that know their direction, and coarser levels.

    Level 0 has the superpixels themselves. Tables end in their columns, D; what is before them is how the superpixels
    are kept, as a list or as a grid. Where there is no superpixel a table holds 0.
    """

    def heard(self, level: int, h: Tensor, matrices: Tensor, bias: Tensor) -> Tensor:
        """Return ``A_0 h_i + sum_r A_r mean(h_j, j in direction r of i) + bias``.

        Parameters
        ----------
        level : int
        h : Tensor, shape (…, D)
        matrices : Tensor, shape (D', D, 3, 3) or (D', D, 3, 3, 3)
            ``matrices[:, :, 1 + dy, 1 + dx]`` is that of the neighbour in direction (dy, dx); the middle one is A_0.
        bias : Tensor, shape (D',)
        """
        ...

    def pooled(self, level: int, h: Tensor) -> Tensor:
        """Return the mean of the rows that share a cell of the next level."""
        ...

    def risen(self, level: int, fine: Tensor, coarse: Tensor) -> tuple[DirectedPassing, Tensor]:
        """Return what passes messages on the way up at a level, and its rows with those of the next level added.

        Parameters
        ----------
        level : int
        fine : Tensor, shape (…, D)
            The rows of the level, as the way down has left them.
        coarse : Tensor, shape (…, D)
            Those of the next level: each row of the level gets that of its cell.
        """
        ...

    def present(self, level: int, h: Tensor) -> Tensor:
        """Return a table with 0 where there is no superpixel."""
        ...

    def there(self, level: int) -> Tensor | None:
        """Return 1 where a superpixel is, shape (…, 1), else 0; None if every row is one."""
        ...


class GridPassing:
    """Directed messages where superpixels stand on a grid of cells: tables are (B, y, x, D) or (B, z, y, x, D).

    Parameters
    ----------
    present : Tensor of bool, shape (B, y, x) or (B, z, y, x)
        Which cells have a superpixel. Each side is a multiple of ``pooling ** levels``, and the first cell one in the
        whole lattice.
    levels : int
        How many coarser levels there are.
    way_up : sequence of Box, optional
        For each level but the coarsest the cells that are looked at on the way up, from the first of the table: see
        `receptive_field.way_up`. By default all.
    pooling : sequence of int, optional
        Cells along each axis that make one of the next level; by default 2.
    """

    def __init__(
        self,
        present: Tensor,
        levels: int,
        way_up: Sequence[Box] | None = None,
        pooling: Sequence[int] | None = None,
    ) -> None:
        self._axes, self._way_up = present.ndim - 1, way_up
        self._pooling = tuple(pooling or (2,) * self._axes)
        self._present, self._of_children = list[Tensor](), list[Tensor]()
        if bool(present.all()):
            return  # nothing to mask: inside an image, a third of the work of a step
        share = present[..., None].to(torch.float32)
        for level in range(levels + 1):
            there = share if level == 0 else (share > 0).to(torch.float32)
            self._present.append(there)
            if level < levels:
                share = self._mean_of_children(there)
                self._of_children.append(share.clamp(min=1 / math.prod(self._pooling)))

    def heard(self, level: int, h: Tensor, matrices: Tensor, bias: Tensor) -> Tensor:  # noqa: ARG002
        """Return what every superpixel hears; see `DirectedPassing`."""
        convolve = functional.conv2d if self._axes == 2 else functional.conv3d
        return _last(convolve(_first(h), matrices, bias, padding=1))

    def pooled(self, level: int, h: Tensor) -> Tensor:
        """Return the mean of the superpixels in each cell of the next level."""
        mean = self._mean_of_children(h)
        return mean / self._of_children[level] if self._present else mean

    def risen(self, level: int, fine: Tensor, coarse: Tensor) -> tuple[GridPassing, Tensor]:
        """Return the messages of the way up, and the rows of the level that it looks at; see `DirectedPassing`."""
        spread, up = _last(functional.interpolate(_first(coarse), scale_factor=self._pooling)), self
        if self._way_up is not None:
            here, first = self._way_up[level], (0,) * self._axes
            if level + 1 < len(self._way_up):
                above = self._way_up[level + 1].start
                first = tuple(pooled * start for pooled, start in zip(self._pooling, above, strict=True))
            spread = spread[_part(here, first)]
            fine = fine[_part(here)]
            if self._present:
                up = copy.copy(self)
                up._present = [*self._present]
                up._present[level] = self._present[level][_part(here)]
        return up, fine + up.present(level, spread)

    def present(self, level: int, h: Tensor) -> Tensor:
        """Return a table with 0 where there is no superpixel."""
        return h * self._present[level] if self._present else h

    def there(self, level: int) -> Tensor | None:
        """Return which cells have a superpixel, as numbers; None if all have one."""
        return self._present[level] if self._present else None

    def _mean_of_children(self, h: Tensor) -> Tensor:
        pool = functional.avg_pool2d if self._axes == 2 else functional.avg_pool3d
        return _last(pool(_first(h), self._pooling))


def _part(box: Box, first: Sequence[int] | None = None) -> tuple[slice, ...]:
    """Return the place of a box of cells in a table that begins at the cell `first`."""
    starts = first or (0,) * len(box.start)
    return (slice(None), *(slice(a - o, b - o) for a, b, o in zip(box.start, box.stop, starts, strict=True)))


def _first(h: Tensor) -> Tensor:
    """Columns first, as convolutions want them: no copy, torch calls it channels last."""
    return h.movedim(-1, 1)


def _last(h: Tensor) -> Tensor:
    return h.movedim(1, -1)
