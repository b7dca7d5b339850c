"""What a killed run leaves half written, and how the next one gets rid of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.results.result import ROWS, Result

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

    Those of finished blocks as well: another worker may have finished what one that died had begun.

    Raises
    ------
    InputError
        If they cannot be removed.
    """
    root = Path(result.path)
    with reported_as_not_written(root):
        remove_half_made(root)
        remove_partial(root)


def remove_partial(root: Path) -> None:
    """Remove half-written files from a folder and those in it."""
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(PARTIAL):
                Path(folder, name).unlink(missing_ok=True)


def remove_rows(result: Result) -> None:
    """Remove what passes read of blocks around: all of them are finished."""
    folder = Path(result.path) / ROWS
    if folder.is_dir():
        shutil.rmtree(folder)
