"""Which cells are trained on, and which tell when to stop? Whole images, or tiles with a gap around them."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import ParameterError
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.lattice.settings import FEW_SUPERPIXELS
from terrazzo.training.lattice.tables import ImageTables, Table
from terrazzo.training.rules.splits import LIES_CLOSE, REFUSED, Rows, Validation, held_out_images, hold_out

_log = logging.getLogger(__name__)

AROUND, LEAST_SHARE = 0.5, 0.4
"""What gaps around held-out tiles count for in the share, as training loses them too, and what stays of it at least."""

GAP = REACH
"""Cells on each side of a tile that is held out which are on no side: superpixels farther apart do not touch."""

MOST_TILES = 8
LEAST_CELLS, MOST_CELLS = 4, 32
"""An image has about eight tiles along its longer side, each of so many cells along a side; a small one has three."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What of an image is held out.

    Parameters
    ----------
    whole : bool
        Whether all of it is.
    start, stop : ndarray of int64, shape (T, axes)
        The cells of its tiles that are held out.
    gap : int
        Cells around them that are on no side.
    """

    whole: bool
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    gap: int = GAP

    def for_training(self, table: Table) -> Table:
        """Return a table without what is held out and a gap around it: absent cells, nothing annotated."""
        return _only(table, self.trained(table.cells.box), hide=not self.whole)

    def trained(self, box: Box) -> NDArray[np.bool_]:
        """Return which cells of a box are for training: none that is held out or in a gap around it."""
        if self.whole:
            return np.zeros(box.shape, np.bool_)
        return ~_marked(box, self.start - self.gap, self.stop + self.gap)

    def for_validation(self, table: Table, within: Box) -> Table:
        """Return a table with all its cells, of which only what is held out inside a box is annotated."""
        box = table.cells.box
        mine = within.overlap(box)
        inside = np.zeros(box.shape, np.bool_)
        if mine is not None:
            inside[mine.within(box)] = True
        return _only(table, inside if self.whole else inside & _marked(box, self.start, self.stop))

    def holds(self, box: Box) -> bool:
        """Whether something of a box of cells is held out."""
        return self.whole or bool(((self.start < box.stop) & (self.stop > box.start)).all(axis=1).any())

    def keeps(self, tiles: TileCounts) -> NDArray[np.bool_]:
        """Return which of the image's tiles are for training."""
        if self.whole:
            return np.zeros(len(tiles.start), np.bool_)
        start, stop = tiles.start[:, None], tiles.stop[:, None]
        free: NDArray[np.bool_] = ~np.all((start < self.stop) & (stop > self.start), axis=2).any(axis=1)
        return free

    def scaled(self, factor: float) -> HeldOut:
        """Return what is held out of a copy of the image that has so many pixels for one, along y and x."""
        factors = np.array([1.0] * (self.start.shape[1] - 2) + [factor] * 2)
        start, stop = np.floor(self.start * factors), np.ceil(self.stop * factors)
        return HeldOut(self.whole, start.astype(np.int64), stop.astype(np.int64), math.ceil(self.gap * max(1, factor)))


@dataclass(frozen=True, eq=False)
class Sides:
    """What is learned from, and what of it is held out.

    Parameters
    ----------
    images : sequence of ImageTables
        The images, then altered copies.
    held_out : sequence of HeldOut
        For each of them.
    originals : int
        How many are no copies: validation sees no others.
    few : bool
        Whether few superpixels are annotated on both sides.
    """

    images: Sequence[ImageTables]
    held_out: Sequence[HeldOut]
    originals: int
    few: bool


def tile_side(cells: tuple[int, ...]) -> int:
    """Return the cells along a side of the tiles of an image of so many cells."""
    longest = max(cells)
    return min(MOST_CELLS, max(min(LEAST_CELLS, -(-longest // 3)), -(-longest // MOST_TILES)))


def split_tables(images: Sequence[ImageTables], *, validation: Validation, seed: int, gap: int = GAP) -> Sides:
    """Hold out whole images where they are named or many enough, otherwise tiles of all images.

    They are many enough where one is no more than the share, five for a fifth. Where few superpixels are annotated,
    three are.

    Every annotated class stays in training. Where no tile can be spared, as with a few strokes near each other, tiles
    of half the side are tried, down to single cells.

    Parameters
    ----------
    images : sequence of ImageTables
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about; or the numbers of the images to hold out.
    seed : int
    gap : int
        Cells around a tile that is held out which are on no side; see `gap_of`.

    Returns
    -------
    Sides
        Images with tiles as small as those that are held out.

    Raises
    ------
    ParameterError
        If nothing can be held out without a class leaving training, or `validation` is out of range.
    """
    sides, few = [tile_side(image.grid.lattice.cells) for image in images], _few_annotated(images)
    split = partial(split_cells, validation=validation, seed=seed, gap=gap, few=few)
    found = split([image.tiles for image in images])
    while found is None and max(sides) > 1:
        sides = [max(1, side // 2) for side in sides]
        images = [image.in_tiles(side) for image, side in zip(images, sides, strict=True)]
        found = split([image.tiles for image in images])
        if found is not None:
            _log.warning(LIES_CLOSE, f"tiles of {max(sides)} superpixels along a side")
    if found is None:
        raise ParameterError(REFUSED.format(f"nothing in {len(images)} image(s)"))
    return Sides(images, found, len(images), few)


def gap_of(weighted: BoundaryWeights, size: Sequence[int]) -> int:
    """Return how many cells around what is held out must be on no side: as far as annotations weigh on each other."""
    return max(GAP, math.ceil(weighted.reach / min(size[-2:])) + 1) if weighted.rise else GAP


def split_cells(
    images: Sequence[TileCounts], *, validation: Validation, seed: int, gap: int = GAP, few: bool = False
) -> list[HeldOut] | None:
    """Hold out whole images, or tiles as they are; return None if no tile can be spared."""
    whole = held_out_images([image.counts for image in images], validation, seed, few=few)
    if whole.size or not isinstance(validation, int | float):
        nothing = np.empty((0, images[0].start.shape[1]), np.int64)
        return [HeldOut(number in whole, nothing, nothing) for number in range(len(images))]
    image_of_tile = np.repeat(np.arange(len(images)), [len(image.counts) for image in images])
    start, stop, counts = (
        np.concatenate([getattr(image, what) for image in images]) for what in ("start", "stop", "counts")
    )

    def lost(rows: Rows) -> Rows:
        near = (start < stop[rows[0]] + gap) & (stop > start[rows[0]] - gap)
        return np.flatnonzero(near.all(axis=1) & (image_of_tile == image_of_tile[rows[0]]))

    share = validation if few else _share_of_tiles(validation, start, stop, gap)
    _, held = hold_out(np.arange(len(counts)), counts, lost, share, seed)
    mine = [held[image_of_tile[held] == number] for number in range(len(images))]
    return [HeldOut(False, start[rows], stop[rows], gap) for rows in mine] if held.size else None


def _few_annotated(images: Sequence[ImageTables]) -> bool:
    """Whether few superpixels are annotated; tables are read until it is known that they are not."""
    tables = (table for image in images for table in image.tables.values())
    counted = accumulate(int(table.counts.any(axis=-1).sum()) for table in tables)
    return all(number < FEW_SUPERPIXELS for number in counted)


def _share_of_tiles(share: float, start: NDArray[np.int64], stop: NDArray[np.int64], gap: int) -> float:
    """Return what tiles hold out of a share, where the gaps around them count as well."""
    side = (stop - start).max(axis=0, initial=1)
    lost = float(np.prod((side + 2 * gap) / side)) - 1
    return share * max(LEAST_SHARE, 1 / (1 + AROUND * lost))


def _marked(box: Box, start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cells of a box are in one of some tiles."""
    marked = np.zeros(box.shape, np.bool_)
    for first, last in zip(start, stop, strict=True):
        both = Box(tuple(map(int, first)), tuple(map(int, last))).overlap(box)
        if both is not None:
            marked[both.within(box)] = True
    return marked


def _only(table: Table, wanted: NDArray[np.bool_], *, hide: bool = False) -> Table:
    """Return a table with nothing annotated but in some cells; the others are absent, if they are to be hidden."""
    cells, samples = table.cells, table.samples
    places = tuple((samples.cells - cells.box.start).T)
    present = cells.present & wanted if hide else cells.present
    return Table(
        type(cells)(cells.box, cells.rows, present),
        np.where(wanted[..., None], table.counts, np.uint32(0)),
        samples.chosen(wanted[places]),
        table.edges,
    )
