"""Whether an image on disk is still the same, without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from terrazzo.io import zarr_reader
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.stored_array import StoredArray


def content_stamp(stored: StoredArray) -> str:
    """Return a hash of sizes and modification times that is another one once the image has been written again.

    Of a Zarr store a few files are looked at, so a change to some chunks alone can go unseen.

    Raises
    ------
    InputError
        If the image is no longer there.
    """
    digest = hashlib.sha256()
    with reported_as_input_error(stored.path, "read"):
        for size, modified in _stats(stored):
            digest.update(f"{size} {modified};".encode())
    return digest.hexdigest()


def _stats(stored: StoredArray) -> Iterator[tuple[int, int]]:
    path = Path(stored.path)
    files = zarr_reader.telling_files(path, stored.key) if stored.kind == "zarr" else [path]
    for file in files:
        if stored.kind == "zarr" and not file.exists():
            yield 0, 0
        else:
            stat = file.stat()
            yield stat.st_size, stat.st_mtime_ns
