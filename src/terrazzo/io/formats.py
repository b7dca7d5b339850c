"""Which reader a path needs."""

from pathlib import Path
from typing import Any, Protocol

from terrazzo.errors import InputError
from terrazzo.io import npy_reader, raster_reader, tiff_reader, zarr_reader
from terrazzo.io.description import Description
from terrazzo.io.zarr_reader import is_store


class Reader(Protocol):
    """What each reader module offers."""

    def describe(self, path: Path, level: int) -> Description:
        """Find out about one array without reading pixels."""
        ...

    def open_array(self, path: Path, key: str) -> Any:
        """Open what `describe` found, in the file's own axes, for windows of slices and integers."""
        ...


READERS: dict[str, Reader] = {
    "zarr": zarr_reader,
    "tiff": tiff_reader,
    "raster": raster_reader,
    "npy": npy_reader,
}
SUFFIXES = {
    **dict.fromkeys((".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn"), "tiff"),
    **dict.fromkeys((".png", ".jpg", ".jpeg"), "raster"),
    ".npy": "npy",
}


def is_image_path(path: Path) -> bool:
    """Whether the path is a Zarr store, or a file with a suffix that is read here; nothing is opened."""
    return is_store(path) if path.is_dir() else path.suffix.lower() in SUFFIXES


def kind_of(path: Path) -> str:
    """Return the key of the path's reader in `READERS`.

    Raises
    ------
    InputError
        If there is nothing at the path, it is a folder that is no store, or its suffix is not known.
    """
    if not path.exists():
        raise InputError(f"There is no file or store at '{path}'.")
    if path.is_dir():
        if is_store(path):
            return "zarr"
        raise InputError(f"'{path}' is a folder and no Zarr store; give one image or store inside it.")
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InputError(f"'{path}' is of no known format; images are Zarr stores or files ending in {known}.")
    return SUFFIXES[path.suffix.lower()]
