"""Files that are there whole or not at all, whoever reads, and however many write them."""

from __future__ import annotations

import glob
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DAY = 86400


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in place of what is there: who reads meanwhile, or after a power cut, sees one of the two, whole.

    Several may write one path at once; the last that ends stays.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : bytes
    """
    with replaced_when_whole(path) as partial, partial.open("xb") as file:
        file.write(content)
        file.flush()
        # or the name may reach the disk before the bytes
        os.fsync(file.fileno())


@contextmanager
def replaced_when_whole(path: Path) -> Iterator[Path]:
    """Give the name of a file of this run's own, which takes the place of another if the context ends well.

    Several may write one path at once, as with `write_whole`; what a killed run has left is removed after a day.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - DAY:
                left.unlink()
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
