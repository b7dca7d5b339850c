"""Which reader a path needs."""

import os
from pathlib import Path
from typing import Any, Protocol

from terrazzo.arguments import A_PATH, require
from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.readers import bioio_reader, hdf5_reader, npy_reader, raster_reader, tiff_reader, zarr_reader
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.location import (
    HDF5_SUFFIXES,
    SCENE_SUFFIXES,
    TIFF_SUFFIXES,
    inside_file,
    is_pattern,
    is_url,
    last_name,
)
from terrazzo.io.readers.zarr_reader import is_store


class Reader(Protocol):
    """What each reader module offers; a path is absolute, or a URL."""

    def describe(self, path: str, level: int) -> Description:
        """Find out about one array without reading pixels."""
        ...

    def open_array(self, path: str, key: str) -> Any:
        """Open what `describe` found, in the file's own axes, for windows of slices and integers."""
        ...


FILE_READERS: dict[str, Reader] = {
    "zarr": zarr_reader,
    "tiff": tiff_reader,
    "raster": raster_reader,
    "npy": npy_reader,
    "hdf5": hdf5_reader,
    "bioio": bioio_reader,
}
SUFFIXES = {
    **dict.fromkeys(TIFF_SUFFIXES, "tiff"),
    **dict.fromkeys((".png", ".jpg", ".jpeg"), "raster"),
    ".npy": "npy",
    **dict.fromkeys(HDF5_SUFFIXES, "hdf5"),
    **dict.fromkeys(SCENE_SUFFIXES, "bioio"),
}
# shapes, which are drawn where they are read
DRAWN_SUFFIXES = (".geojson", ".json", ".csv", ".roi", ".zip")


def is_image_path(path: Path) -> bool:
    """Whether the path is a Zarr store, or a file with a suffix that is read here; nothing is opened."""
    return is_store(path) if path.is_dir() else path.suffix.lower() in SUFFIXES


def is_drawn(path: str | os.PathLike[str]) -> bool:
    """Whether a path is of a file with shapes, by its suffix; nothing is opened.

    Raises
    ------
    ParameterError
        If it is no path, such as an array.
    """
    require(path, (str, os.PathLike), *A_PATH)
    return Path(path).suffix.lower() in DRAWN_SUFFIXES and not Path(path).is_dir()


def kind_of(path: str) -> str:
    """Return the key of the path's reader: in `FILE_READERS`, or "stack" for a pattern.

    Raises
    ------
    InputError
        If there is nothing at the path, it is a folder that is no store, its suffix is not known, it has no content,
        or it is a URL of a file.
    """
    if is_url(path):
        return _kind_of_url(path)
    place = Path(path)
    with reported_as_input_error(path, "reached"):
        if place.is_dir():
            return _kind_of_folder(place)
        found = inside_file(place)
        if found is not None and found[1]:
            return SUFFIXES[found[0].suffix.lower()]
        if is_pattern(path):
            return "stack"
        if not place.exists():
            raise InputError(f"There is no file or store at '{path}'.")
        if place.suffix.lower() == ".zip":
            raise InputError(f"'{path}' is an archive; unpack it and give the image or the store inside.")
        if place.suffix.lower() not in SUFFIXES:
            raise InputError(f"'{path}' is of no known format; images are Zarr stores or files ending in {_known()}.")
        if place.stat().st_size == 0:
            raise InputError(f"'{path}' is empty, a file of 0 bytes; copy it again.")
    return SUFFIXES[place.suffix.lower()]


def _kind_of_folder(path: Path) -> str:
    if is_store(path):
        return "zarr"
    raise InputError(
        f"'{path}' is a folder and no Zarr store; give one image or store inside it, or a quoted pattern such as "
        f"'{path}/*.png' for a stack of sections."
    )


def _kind_of_url(url: str) -> str:
    if last_name(url).suffix.lower() in SUFFIXES:
        raise InputError(
            f"'{url}' is a file behind a URL, and only Zarr stores are read from there; copy it to this machine or "
            "convert it to OME-Zarr."
        )
    return "zarr"


def _known() -> str:
    return ", ".join(SUFFIXES)
