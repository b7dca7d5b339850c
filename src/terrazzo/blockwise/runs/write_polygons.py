"""The classes of a result as polygons: outlined block by block, joined across seams, written as they end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.arguments import A_RESULT, require
from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.image_array import axis_names
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.open_annotation import drawn_scale
from terrazzo.io.output_path import check_ending
from terrazzo.io.results.geojson_writer import GeoJSONWriter, check_file_absent, geojson_file
from terrazzo.io.results.result import Result
from terrazzo.progress import shows_progress
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.outlines.block_outlines import BlockOutlines, block_outlines
from terrazzo.regions.outlines.join_outlines import ClassRegion, OutlineJoiner

ReadsClasses = Callable[[tuple[slice, ...]], NDArray[np.uint8]]


@shows_progress
def write_polygons(
    result: Result,
    path: str | Path,
    *,
    skip: Sequence[str] = (),
    tolerance: float = 0.0,
    overwrite: bool = False,
    client: Client | None = None,
) -> int:
    """Write the classes of a result as GeoJSON, as QuPath opens it; return the number of polygons.

    There is a polygon, with its holes, for each 4-connected region of a class. Coordinates are (x, y), in pixels of
    level 0 of the image, from its corner; an outline runs along the edges of the pixels, so that `open_annotation`
    gives the classes back. The result's blocks have no say in the file. Held in memory are the outlines of the regions
    that go on below the row of blocks that is worked on.

    Parameters
    ----------
    result : Result
        A finished result of an image (y, x).
    path : path
        The file, such as classes.geojson.
    skip : sequence of str
        Names of classes that get no polygons, such as the background.
    tolerance : float
        How far an outline may stray from the edges of the pixels, in pixels. Above 0 it has fewer corners, and
        neighbours may overlap or leave a gap of as much.
    overwrite : bool
        Whether to replace a file that is there.
    client : distributed.Client, optional
        Where the outlines are made; without it, where the client that is active has them made, or in this process's
        threads.

    Raises
    ------
    InputError
        If the result is not finished or one of a volume, or the file exists, has the ending of another format
        or cannot be written.
    ParameterError
        If `skip` names no class of the result, or the tolerance is negative.
    """
    _check(result, Path(path), tolerance, overwrite)
    run, client = result.run, active_client(client)
    scale_y, scale_x = drawn_scale(result)
    with geojson_file(path, overwrite) as file:
        writer = GeoJSONWriter(
            file, run["class_names"], run["made_from"]["colours"], (1 / scale_x, 1 / scale_y), tolerance
        )
        skipped = _skipped(skip, run["class_names"])
        for region in class_regions(result.grid, result.read_classes, skipped, client):
            writer.write(region)
        return writer.count


def class_regions(
    grid: BlockGrid, read: ReadsClasses, skipped: Collection[int] = (NOT_ANNOTATED,), client: Client | None = None
) -> Iterator[ClassRegion]:
    """Yield the 4-connected regions of classes in blocks, whatever the blocks, as soon as they end.

    Parameters
    ----------
    grid : BlockGrid
        Of an image (y, x).
    read : callable
        Takes the slices of a window and returns the classes of its pixels.
    skipped : collection of int
        Values that are no regions.
    client : distributed.Client, optional
        Where blocks are outlined, by default in threads of this process.
    """
    counted = BlockCount("polygons", len(grid))
    found = run_blocks(_outline_block, grid, read, skipped, client=client, done=counted)
    joiner = OutlineJoiner(grid.lattice.shape[1])
    for row in _rows(found, grid):
        yield from joiner.add(row)


def _check(result: Result, path: Path, tolerance: float, overwrite: bool) -> None:
    require(result, Result, *A_RESULT)
    if not result.run["finished"]:
        raise InputError(f"'{result.path}' is not finished; run the same terrazzo predict again to finish it")
    extent = result.grid.lattice.shape
    if len(extent) != 2:
        raise InputError(f"'{result.path}' is of a volume {axis_names(len(extent))}; polygons are of images (y, x)")
    if not 0 <= tolerance < float("inf"):
        raise ParameterError(f"tolerance is {tolerance}; it must be 0 or a positive number of pixels")
    if path.resolve().is_relative_to(result.path):
        raise InputError(f"'{path}' is inside the result '{result.path}'; choose another path")
    check_ending(path, "polygons")
    check_file_absent(path, overwrite)


def _skipped(names: Sequence[str], classes: Sequence[str]) -> tuple[int, ...]:
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ParameterError(f"there is no class '{unknown[0]}' to skip; the classes are {', '.join(classes)}")
    return (*(classes.index(name) for name in names), NOT_ANNOTATED)


def _rows(found: Iterator[BlockOutlines], grid: BlockGrid) -> Iterator[list[BlockOutlines]]:
    """Yield the rows of blocks from the top, whichever block is done first."""
    waiting: dict[int, list[BlockOutlines]] = {}
    next_row = 0
    for block in found:
        waiting.setdefault(block.index[0], []).append(block)
        while len(waiting.get(next_row, [])) == grid.shape[1]:
            yield sorted(waiting.pop(next_row), key=lambda one: one.index)
            next_row += 1


def _outline_block(block: Block, read: ReadsClasses, skipped: Collection[int]) -> BlockOutlines:
    window = block.core.grown(1, block.lattice.shape)
    return block_outlines(read(window.slices), block, skipped)
