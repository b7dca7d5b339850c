"""Whether an image on disk is still the same, without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers import zarr_reader
from terrazzo.io.readers.location import is_url
from terrazzo.io.readers.readers import image_files

# What object stores and file systems say of a version of a file, by the names that fsspec passes on.
VERSIONS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created")


def content_stamp(stored: StoredArray) -> str:
    """Return a hash of sizes and modification times that is another one once the image has been written again.

    Of a Zarr store a few files are looked at, so a change to some chunks alone can go unseen. Behind a URL it is the
    sizes and what the server says of versions.

    Raises
    ------
    InputError
        If the image is no longer there.
    """
    digest = hashlib.sha256()
    with reported_as_input_error(stored.path, "read"):
        for stat in _stats(stored):
            digest.update(f"{' '.join(map(str, stat))};".encode())
    return digest.hexdigest()


def _stats(stored: StoredArray) -> Iterator[tuple[Any, ...]]:
    if stored.kind != "zarr":
        for file in image_files(stored.path, stored.kind):
            yield _stat(file)
        return
    names = zarr_reader.telling_files(stored.path, stored.key)
    if is_url(stored.path):
        yield from _remote_stats(stored.path, names)
        return
    for file in (Path(stored.path, name) for name in names):
        yield _stat(file) if file.exists() else (0, 0)


def _stat(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


def _remote_stats(url: str, names: Iterator[str]) -> Iterator[tuple[Any, ...]]:
    from fsspec.core import url_to_fs  # only URLs need it

    system, root = url_to_fs(url)
    for name in names:
        try:
            found = system.info(f"{root}/{name}")
        except FileNotFoundError:
            yield 0, 0
        else:
            yield found.get("size"), *(found.get(version) for version in VERSIONS)
