"""The arrays of a multiscale image, one per level, each written by tasks that own whole chunks of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block
from terrazzo.io.levels.coarse import Sampling, coarse
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.ledger import count_bytes, stage
from terrazzo.own_threads import own_threads

SPATIAL_AXES = {2: "yx", 3: "zyx"}


@dataclass(frozen=True)
class LevelArrays:
    """The arrays "0", "1", … of a group, the finest first.

    Parameters
    ----------
    path : str
        The group's directory.
    pyramid : Pyramid
        The levels.
    planes : int
        The length of an axis c before those of the pyramid; 0 if there is none.
    sampling : {"nearest", "mean"}
        How a pixel of a coarser level follows from those that it covers.
    sharded : bool
        Whether the chunks that one task writes of a plane are in one file; of Zarr v3 alone.
    """

    path: str
    pyramid: Pyramid
    planes: int = 0
    sampling: Sampling = "nearest"
    sharded: bool = False

    def create(self, group: zarr.Group, dtype: np.dtype[Any]) -> None:
        """Make the arrays in their group, empty: of Zarr v2 or v3 as the group is."""
        lead = (self.planes,) if self.planes else ()
        axes = "c" * len(lead) + SPATIAL_AXES[len(self.pyramid.extent)]
        for level, shape in enumerate(self.pyramid.shapes):
            chunks = (*(1 for _ in lead), *self.pyramid.chunk)
            group.create_array(
                str(level),
                shape=(*lead, *shape),
                chunks=chunks,
                shards=self._shards(level, chunks) if self.sharded else None,
                dtype=dtype,
                fill_value=0,
                **_encoding(group.metadata.zarr_format, axes),
            )

    def write(self, block: Block, values: NDArray[Any], plane: int = 0) -> None:
        """Write the pixels of a block's core, or one plane of them, and the levels whose chunks lie inside it."""
        lead = (plane,) if self.planes else ()
        for level in self.pyramid.levels(0):
            self._write(level, 0, block, values, lead)

    def coarsen(self, step: int, tile: Block) -> None:
        """Write the levels of a tile of `Pyramid.tiles(step)` from the level that it lies in, which is there."""
        source = self._open(self.pyramid.source(step), "r")
        for lead in self._leads():
            with stage("read images"):
                values = np.asarray(source[_selection(lead, tile.core.slices)])
                count_bytes(values.nbytes)
            for level in self.pyramid.levels(step):
                if level != self.pyramid.source(step):
                    self._write(level, step, tile, values, lead)

    def coarsen_all(self) -> None:
        """Write all levels but the finest, which is there, on the threads of this process."""
        with ThreadPoolExecutor(own_threads()) as executor:
            for step in (0, *self.pyramid.steps):
                for _ in executor.map(partial(self.coarsen, step), self.pyramid.tiles(step)):
                    pass

    def read(self, window: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read a window of the finest level."""
        return np.asarray(self._open(0, "r")[window])

    def _shards(self, level: int, chunks: tuple[int, ...]) -> tuple[int, ...]:
        """Return the pixels that one task writes of a plane of a level."""
        step = next(step for step in (0, *self.pyramid.steps) if level in self.pyramid.levels(step))
        lead, steps = len(chunks) - len(self.pyramid.chunk), self.pyramid.strides(step, level)
        sides = (STORAGE_CHUNKS_PER_BLOCK * size // n for size, n in zip(self.pyramid.chunk, steps, strict=True))
        return (*chunks[:lead], *sides)

    def _leads(self) -> list[tuple[int, ...]]:
        return [(plane,) for plane in range(self.planes)] or [()]

    def _write(self, level: int, step: int, tile: Block, values: NDArray[Any], lead: tuple[int, ...]) -> None:
        places, steps = self.pyramid.part(step, tile, level)
        with stage("write images"):
            part = coarse(values, steps, self.sampling)
            self._open(level, "r+")[_selection(lead, places)] = part
            count_bytes(part.nbytes)

    def _open(self, level: int, mode: Any) -> zarr.Array[Any]:
        return zarr.open_array(self.path, path=str(level), mode=mode)


def _selection(lead: tuple[int, ...], places: tuple[slice, ...]) -> tuple[int | slice, ...]:
    return (*lead, *places)


def _encoding(zarr_format: int, axes: str) -> dict[str, Any]:
    if zarr_format == 3:
        return {"dimension_names": list(axes)}
    # what readers of OME-Zarr 0.4 know: chunks in folders, and a compression of Blosc's
    from numcodecs import Blosc

    return {"chunk_key_encoding": {"name": "v2", "separator": "/"}, "compressors": Blosc()}
