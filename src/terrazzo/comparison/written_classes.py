"""Classes that are computed lazily, written to disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import dask.array as da

from terrazzo.io.images.image import Image
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_labels


def write_classes(classes: da.Array, path: Path) -> Image:
    """Write a lazy image of classes, (y, x) or (z, y, x), in place of what is there, and open it."""
    if path.exists():
        shutil.rmtree(path)
    axes = "zyx" if classes.ndim == 3 else "yx"
    write_ome_zarr(path, classes, axes=axes)  # type: ignore[arg-type]
    return open_labels(path)
