"""What a killed run leaves half written, and how the next one gets rid of it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.result import PASSES, TABLES, Result

# tables, run.json and zarr's chunks alike are written under a name that ends so, and renamed
PARTIAL = ".partial"


def half_made(target: Path) -> Path:
    """Return where a result is made before it is moved to its place, so that it appears there whole."""
    return target.with_name(f".{target.name}.partial")


def replaced(target: Path) -> Path:
    """Return where a result is moved that makes room for another, before it is removed."""
    return target.with_name(f".{target.name}.replaced")


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
        for folder in (root, *(root / table for table in TABLES), *_chunk_folders(result)):
            if folder.is_dir():
                _remove_partial(folder)


def _remove_partial(folder: Path) -> None:
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if entry.name.endswith(PARTIAL)]
    for path in left:
        Path(path).unlink(missing_ok=True)


def _chunk_folders(result: Result) -> Iterator[Path]:
    """Yield the folders that hold chunks of blocks without a marker; chunk (1, 2) of an array is its file c/1/2."""
    chunk = result.grid.storage_chunk
    for name in result.passes:
        # blocks that differ along the last axis alone have the same folders
        finished = result.finished(name)
        rows = {block.index[:-1] for block in result.grid if block.index not in finished}
        for row in sorted(rows):
            core = result.grid[(*row, 0)].core
            spans = zip(core.start[:-1], core.stop[:-1], chunk[:-1], strict=True)
            for numbers in itertools.product(*(range(a // c, -(-b // c)) for a, b, c in spans)):
                yield Path(result.path, PASSES[name], "c", *map(str, numbers))
