"""Every reader by the kind of what it reads, single files and stores and stacks of them; and the files of an image."""

from __future__ import annotations

from pathlib import Path

from terrazzo.io.readers import stack_reader
from terrazzo.io.readers.formats import FILE_READERS, Reader
from terrazzo.io.readers.location import inside_file, is_url
from terrazzo.io.readers.stack_reader import stack_files

READERS: dict[str, Reader] = {**FILE_READERS, "stack": stack_reader}


def image_files(path: str, kind: str) -> list[Path]:
    """Return the files of an image, or the directory of its store; none where it is behind a URL."""
    if is_url(path):
        return []
    if kind == "stack":
        return stack_files(path)
    found = inside_file(path) if kind in ("hdf5", "tiff", "bioio") else None
    return [found[0] if found else Path(path)]


def modified(path: str, kind: str) -> int:
    """Return the time in nanoseconds when the last of the files of an image was changed, 0 behind a URL."""
    return max((file.stat().st_mtime_ns for file in image_files(path, kind)), default=0)
