"""Area and mean intensity of each connected region of a result, or of each class, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from distributed import Client

from terrazzo.arguments import A_RESULT, AN_IMAGE, require
from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.images.planes import planes
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.output_path import check_ending, check_file_free
from terrazzo.io.results.measurement_table import Measured, table_file
from terrazzo.io.results.result import Result
from terrazzo.io.results.source_image import check_same_extent
from terrazzo.progress import shows_progress
from terrazzo.regions.connected.join_regions import RegionJoiner
from terrazzo.regions.connected.regions import BlockRegions, Regions, block_regions


@shows_progress
def write_measurements(
    result: Result,
    path: str | Path,
    image: Image | None = None,
    *,
    per: Literal["region", "class"] = "region",
    overwrite: bool = False,
    client: Client | None = None,
) -> int:
    """Write a table with the area and the mean intensity of each connected region; return how many rows it has.

    Pixels of one class connect along their edges, in a volume along their faces. Columns are `region` (a number from
    1, in the order of the regions' last pixels), `class`, `area` in pixels and, where the size of a pixel is known, in
    its unit, the centroid `y`, `x` (of a volume `z`, `y`, `x`) in pixels, and `mean_CHANNEL` of each channel. Neither
    blocks nor the order in which they finish have a say in the table, but for the rounding of the means of floating
    images. Held in memory are the regions of a row of blocks and of those that go on below.

    Parameters
    ----------
    result : Result
        A finished result.
    path : path
        The file: .csv or .parquet.
    image : Image, optional
        What intensities are measured in, such as `source_image(result)`, or any other of the same extent; without it
        there are none.
    per : {"region", "class"}
        What a row is: of a class without number and centroid.
    overwrite : bool
        Replace a file that is there.
    client : distributed.Client, optional
        Where the blocks are measured; without it, where the client that is active has them measured, or in this
        process's threads.

    Raises
    ------
    InputError
        If the result is not finished; the image has another extent or cannot be read; or the file exists, has the
        ending of another format, or cannot be written.
    ParameterError
        If `per` is another word.
    """
    target = Path(path)
    check_measurements(result, target, image, per, overwrite)
    run, (size, unit) = result.run, result.pixel_size
    axes = "zyx"[-len(result.grid.lattice.shape) :]
    channels = () if image is None else image.channels
    measured = Measured(run["class_names"], channels, axes, size, unit, per == "region")
    batches = _regions(result, None if image is None else image.stored, active_client(client))
    with table_file(target, measured.table(_nothing(len(axes), len(channels)), 1).schema) as file:
        for batch in batches if per == "region" else _per_class(batches):
            file.write(measured.table(batch, file.rows + 1))
        return file.rows


def check_measurements(result: Result, path: Path, image: Image | None, per: str, overwrite: bool) -> None:
    """Raise the errors of `write_measurements` that can be told before anything is measured."""
    require(result, Result, *A_RESULT)
    result.check_finished()
    if per not in ("region", "class"):
        raise ParameterError(f"per is '{per}'; it must be 'region' or 'class'")
    if image is not None:
        require(image, Image, *AN_IMAGE)
        check_same_extent(image, result)
    if path.suffix.lower() not in (".csv", ".parquet"):
        check_ending(path, "table")
        raise InputError(f"'{path}' names no format; end it in .csv or .parquet")
    check_file_free(path, overwrite, result.path)


def _nothing(axes: int, channels: int) -> Regions:
    none = np.zeros(0, np.int64)
    return Regions(none.astype(np.uint8), none, np.zeros((0, axes), np.int64), np.zeros((0, channels)), none)


def _regions(result: Result, stored: StoredArray | None, client: Client | None) -> Iterator[Regions]:
    counted = BlockCount("regions", len(result.grid))
    found = run_blocks(_measure_block, result.grid, result, stored, client=client, done=counted)
    joiner, last = RegionJoiner(), result.grid.shape[0] - 1
    for number, layer in enumerate(_layers(found, result.grid)):
        yield joiner.add(layer, ends=number == last)


def _layers(found: Iterator[BlockRegions], grid: BlockGrid) -> Iterator[list[BlockRegions]]:
    """Yield the layers of blocks along the first axis, whichever block is done first."""
    waiting: dict[int, list[BlockRegions]] = {}
    next_layer, whole = 0, len(grid) // grid.shape[0]
    for block in found:
        waiting.setdefault(block.index[0], []).append(block)
        while len(waiting.get(next_layer, [])) == whole:
            yield sorted(waiting.pop(next_layer), key=lambda one: one.index)
            next_layer += 1


def _per_class(batches: Iterator[Regions]) -> Iterator[Regions]:
    """Yield one row for each class that has a pixel, in the order of the values."""
    total: Regions | None = None
    for batch in batches:
        rows = batch if total is None else Regions.joined([total, batch])
        _, number = np.unique(rows.classes, return_inverse=True)
        total = rows.merged(number.astype(np.int64))
    if total is not None:
        yield total


def _measure_block(block: Block, result: Result, stored: StoredArray | None) -> BlockRegions:
    channels = () if stored is None else planes(stored, block.core)
    return block_regions(result.read_classes(block.core.slices), channels, block)
