"""Annotated images that windows are read from, each with what of it is held out."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import dask.array as da
import numpy as np

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.lattice import Lattice
from terrazzo.regions.classes.annotation import annotated_classes
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.rules.annotated_inputs import AnnotatedInputs, check_annotation, pixels_of
from terrazzo.training.rules.patch_source import PatchSource
from terrazzo.training.rules.split_blocks import split_blocks
from terrazzo.training.rules.splits import LIES_CLOSE, REFUSED, Validation

_log = logging.getLogger(__name__)


def split_sources(
    pixels: Sequence[Readable],
    truths: Sequence[Readable],
    classes: int,
    *,
    validation: Validation = 0.2,
    seed: int = 0,
    class_names: Sequence[str] | None = None,
    drawn: bool = False,
    paths: Sequence[str] | None = None,
) -> list[PatchSource]:
    """Return annotated images with what of each is held out, by the rules of `split_blocks`; annotations are read.

    Where no block can be spared, as with a few strokes near each other, smaller ones are tried.

    Parameters
    ----------
    pixels : sequence of Readable, each (c, y, x) or (c, z, y, x)
    truths : sequence of Readable of whole numbers, each (1, y, x) or (1, z, y, x)
    classes : int
    validation : float or sequence of int
    seed : int
    class_names : sequence of str, optional
        What warnings call the classes.
    drawn : bool
        Whether the annotations are shapes.
    paths : sequence of str, optional
        The files of the annotations, which messages name; "" where there is none.

    Raises
    ------
    InputError
        If an image and its annotation differ in extent, or the annotation holds another value than a class and 255.
    ParameterError
        If nothing can be held out without a class leaving training, or fewer than two classes are annotated.
    """
    paths = [""] * len(truths) if paths is None else paths
    for image, truth, path in zip(pixels, truths, paths, strict=True):
        if image.shape[1:] != truth.shape[1:]:
            axes = axis_names(len(image.shape) - 1)
            sizes = f"{truth.shape[1:]} pixels {axes} and its image {image.shape[1:]}"
            with about(path):
                raise InputError(f"the annotation has {sizes}; they must be equal")
    for halvings in range(MOST_HALVINGS + 1):
        grids = [split_grid(image.shape[1:], halvings) for image in pixels]
        if halvings and max(map(len, grids)) > MOST_BLOCKS:
            break
        tiles = []
        for truth, grid, path in zip(truths, grids, paths, strict=True):
            with about(path):
                tiles.append(annotated_tiles(truth, grid, classes))
        if not halvings:
            check_annotation(
                pixels_of(table.counts for image in tiles for table in image.values()), class_names, drawn=drawn
            )
        held_out = split_blocks(tiles, validation=validation, seed=seed)
        if held_out is not None:
            if halvings:
                side = max(block.core.shape[-1] for grid in grids for block in grid)
                _log.warning(LIES_CLOSE, f"blocks of {side} pixels")
            return [PatchSource(*one) for one in zip(pixels, truths, grids, tiles, held_out, strict=True)]
    raise ParameterError(REFUSED.format(f"nothing in {len(pixels)} image(s)"))


def readable_inputs(inputs: AnnotatedInputs) -> tuple[list[Readable], list[Readable]]:
    """Return what windows of images and of annotations are read from, (c, …) and (1, …)."""
    pixels = [_readable(*pair) for pair in zip(inputs.images, inputs.pixels, strict=True)]
    truths = [_readable(given, plane[None]) for given, plane in zip(inputs.annotations, inputs.planes, strict=True)]
    return pixels, truths


def _readable(given: ImageLike, array: da.Array) -> Readable:
    """Return the file or the array in memory itself, without a Dask graph for each window."""
    if isinstance(given, Image):
        return given.stored
    return given.reshape(array.shape) if isinstance(given, np.ndarray) else array


# Of a block that is held out for validation, in pixels; the smallest in cells, which are the smallest tiles.
LARGEST_SIDE, LEAST_CELLS = 2048, 16
LARGEST_CELL = 16

MOST_PIXELS = 2**26
"""Of such a block: its annotation is read as a whole, and in a volume a wide one would be gigabytes."""

MOST_HALVINGS = 3

MOST_BLOCKS = 16384
"""Of an image in smaller ones: each takes a KiB, and reading as a whole what is annotated takes as long again."""


def split_grid(extent: tuple[int, ...], halvings: int = 0) -> BlockGrid:
    """Return the blocks of an image that are held out whole: an eighth of its longer side wide, at most 2048 pixels.

    In a volume that would be too much to hold, blocks are narrower. Halved some times they and the gaps around them are
    smaller.
    """
    cell = tuple(min(max(2, length // (8 * LEAST_CELLS)), LARGEST_CELL) for length in extent)
    side = min(max(max(extent) // 8, LEAST_CELLS * max(cell)), LARGEST_SIDE)
    while math.prod(min(side, length) for length in extent) > MOST_PIXELS:
        side //= 2
    return BlockGrid.of(Lattice(extent, tuple(max(2, length >> halvings) for length in cell)), side >> halvings)


def annotated_tiles(truth: Readable, grid: BlockGrid, classes: int) -> dict[Block, TileCounts]:
    """Return the annotated pixels of each class in tiles of a quarter of a block, for each block in raster order.

    Parameters
    ----------
    truth : array of whole numbers, shape (1, y, x) or (1, z, y, x)
    grid : BlockGrid
    classes : int

    Raises
    ------
    InputError
        If the annotation holds a value that is neither a class nor 255.
    """
    side = tuple(max(1, cells // STORAGE_CHUNKS_PER_BLOCK) for cells in grid.block_cells)
    counted = dict(run_blocks(_count, grid, truth, classes, side))
    return {block: counted[block] for block in grid}


def _count(block: Block, truth: Readable, classes: int, side: tuple[int, ...]) -> tuple[Block, TileCounts]:
    known = annotated_classes(read_window(truth, block.core)[0], classes)
    return block, TileCounts.of_pixels(known, block, classes, side)
