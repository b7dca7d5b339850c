"""What a killed run leaves half written, and how the next one gets rid of it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from terrazzo.blocks import BlockGrid
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.results.level_arrays import LevelArrays
from terrazzo.io.results.markers import Index
from terrazzo.io.results.result import LEVELS, ROWS, TABLES, Result

# tables, run.json and zarr's chunks alike are written under a name that ends so, and renamed
PARTIAL = ".partial"


def half_made(target: Path) -> Path:
    """Return where a result is made before it is moved to its place, so that it appears there whole."""
    return target.with_name(f".{target.name}.partial")


def replaced(target: Path) -> Path:
    """Return where a result is moved that makes room for another, before it is removed."""
    return target.with_name(f".{target.name}.replaced")


def put_in_place(target: Path) -> None:
    """Move what was made at `half_made` to its place, in whose stead what was there is removed."""
    if target.exists():
        target.rename(replaced(target))
    half_made(target).rename(target)
    remove_half_made(target)


def remove_half_made(target: Path) -> None:
    """Remove what is left beside a result of one that was never finished or not removed to the end."""
    for folder in (half_made(target), replaced(target)):
        if folder.is_dir():
            shutil.rmtree(folder)


def remove_partial_files(result: Result) -> None:
    """Remove half-written files from a result that nobody writes to now.

    Finished blocks left none, so of the many folders of chunks only those of the other blocks are looked at.

    Raises
    ------
    InputError
        If they cannot be removed.
    """
    root = Path(result.path)
    with reported_as_not_written(root):
        remove_half_made(root)
        for folder in (root, *(root / table for table in (*TABLES, ROWS)), *_chunk_folders(result)):
            if folder.is_dir():
                _remove_partial(folder)


def remove_rows(result: Result) -> None:
    """Remove what passes read of blocks around: all of them are finished."""
    folder = Path(result.path) / ROWS
    if folder.is_dir():
        shutil.rmtree(folder)


def _remove_partial(folder: Path) -> None:
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if entry.name.endswith(PARTIAL)]
    for path in left:
        Path(path).unlink(missing_ok=True)


def _chunk_folders(result: Result) -> Iterator[Path]:
    """Yield the folders that hold chunks of blocks and tiles without a marker."""
    for name in result.passes:
        arrays = [result.arrays(key) for key in result.images_of(name)]
        yield from _folders_of(arrays, 0, result.grid, result.finished(name))
    tiles = result.finished(LEVELS)
    for step in result.pyramid.steps:
        finished = {index[1:] for index in tiles if index[0] == step}
        yield from _folders_of(map(result.arrays, result.images), step, result.pyramid.tiles(step), finished)


def _folders_of(
    images: Iterable[LevelArrays], step: int, grid: BlockGrid, finished: Container[Index]
) -> Iterator[Path]:
    # tiles that differ along the last axis alone have the same folders
    rows = sorted({tile.index[:-1] for tile in grid if tile.index not in finished})
    for image, row in itertools.product(images, rows):
        yield from image.chunk_folders(step, grid[(*row, 0)])
