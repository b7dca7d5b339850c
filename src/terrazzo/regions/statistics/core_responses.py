"""The filter responses of all pixels of a core: kept on their levels, given out in strips that stay in cache."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.kernels.filters import enlarged_into
from terrazzo.regions.statistics.filter_bank import ResponseBank
from terrazzo.regions.statistics.response_strips import on

# Pixels of a strip, about: 33 responses of each take 1 MiB.
STRIP = 8192

Strip = tuple[tuple[slice, ...], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class CoreResponses:
    """The responses of a bank on a core.

    Parameters
    ----------
    core : Box
    levels : tuple of ndarray of float32, shape (columns, z, y, x)
        Of each level of the pyramid the pixels that the core lies in.
    columns : tuple of tuple of int
        Of each level, which of the bank's columns it has.
    """

    core: Box
    levels: tuple[NDArray[np.float32], ...]
    columns: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, bank: ResponseBank, window: NDArray[np.float32], box: Box, core: Box) -> CoreResponses:
        """Compute the responses.

        Parameters
        ----------
        bank : ResponseBank
        window : ndarray of float32, shape (c, y, x) or (c, z, y, x)
            The image on `box`.
        box, core : Box
            Where the window lies, made by `bank.window` from the core.
        """
        inside, columns = core.within(box), columns_on_levels(bank, len(window))
        depth, *_ = core.as_volume.shape
        levels = tuple(
            np.empty((len(some), depth, *(on(at, level).stop - on(at, level).start for at in inside[-2:])), np.float32)
            for level, some in enumerate(columns)
        )
        planes = dict(zip(itertools.chain(*columns), itertools.chain(*levels), strict=True))
        bank.write(window, inside, [planes[column] for column in range(len(planes))])
        return cls(core, levels, columns)

    @staticmethod
    def bytes_of(bank: ResponseBank, channels: int, core: int) -> int:
        """Return the bytes that the responses of so many pixels take, about."""
        return channels * _bytes_of(core, bank.levels)

    @staticmethod
    def bytes_while_computed(bank: ResponseBank, channels: int, read: int, core: int) -> int:
        """Return the bytes that are alive at most while they are computed from a window of `read` pixels."""
        kept, most = CoreResponses.bytes_of(bank, channels - 1, core) + 4 * core, 0
        for scale in bank.scales:
            kept += _bytes_of(core, scale.levels)
            # a coarse level is reached by halving: together at most a third of the window, with its half
            computing = (scale.response_bytes * read >> 2 * scale.level) + 2 * read * (scale.level > 0)
            most = max(most, kept + computing)
        return most

    def strips(self) -> Iterator[Strip]:
        """Yield the responses of some rows at a time: which pixels of the core, and an array (columns, …, y, x).

        The array holds them until the next strip is asked for.
        """
        depth, height, width = self.core.as_volume.shape
        flat = len(self.core.start) == 2
        rows = min(height, max(1, STRIP // width))
        table = np.empty((sum(map(len, self.columns)), rows, width), np.float32)
        for z in range(depth):
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                section = (slice(top, bottom), slice(0, width))
                strip = table[:, : bottom - top]
                self._write(strip, z, top)
                yield (section, strip) if flat else ((slice(z, z + 1), *section), strip[:, None])

    def _write(self, strip: NDArray[np.float32], z: int, top: int) -> None:
        y, x = self.core.start[-2:]
        for level, (planes, columns) in enumerate(zip(self.levels, self.columns, strict=True)):
            side = 1 << level
            for plane, column in zip(planes, columns, strict=True):
                enlarged_into(plane[z], level, y % side + top, x % side, strip[column])


def columns_on_levels(bank: ResponseBank, channels: int) -> tuple[tuple[int, ...], ...]:
    """Return for each level of the pyramid which columns of a bank it has, in their order."""
    levels = bank.levels * channels
    return tuple(tuple(column for column, of in enumerate(levels) if of == level) for level in range(max(levels) + 1))


def _bytes_of(core: int, levels: tuple[int, ...]) -> int:
    return sum(4 * core >> 2 * level for level in levels)
