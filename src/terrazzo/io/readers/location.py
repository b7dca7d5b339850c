"""Where an image is: a local path, a pattern of paths, a URL, or a name inside a file of several images."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path, PurePosixPath

from terrazzo.arguments import A_PATH, require

HDF5_SUFFIXES = (".h5", ".hdf5", ".he5")
TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn")
# microscopes' own, of one image or of several that have names
SCENE_SUFFIXES = (".czi", ".nd2", ".lif")
LOCAL_SCHEME = "file://"
# What may stand before the last suffix, as in "a.ome.zarr".
INNER_SUFFIXES = (".ome",)


def located(path: str | os.PathLike[str]) -> str:
    """Return an absolute path, or a URL as it is.

    Raises
    ------
    ParameterError
        If it is none of these, such as an array.
    """
    require(path, (str, os.PathLike), *A_PATH)
    text = os.fspath(path).removeprefix(LOCAL_SCHEME)
    return text.rstrip("/") if is_url(text) else str(Path(text).expanduser().absolute())


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether fsspec has to open it: "https://...", "s3://...", "memory://..."; not "file://..."."""
    text = os.fspath(path)
    return "://" in text and not text.startswith(LOCAL_SCHEME)


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Whether it is a glob pattern and no name of anything that is there."""
    return not is_url(path) and glob.has_magic(os.fspath(path)) and not Path(path).expanduser().exists()


def inside_file(path: str | os.PathLike[str]) -> tuple[Path, str] | None:
    """Split "a.h5/group/name", "a.czi/name" or "a.tif/1" into the file and the name inside, "" for the file alone.

    None if there is no such file.
    """
    whole = Path(path)
    for file in (whole, *whole.parents):
        if file.suffix.lower() in (*HDF5_SUFFIXES, *TIFF_SUFFIXES, *SCENE_SUFFIXES) and file.is_file():
            inside = whole.relative_to(file).as_posix()
            return file, "" if inside == "." else inside
    return None


def matching_files(pattern: str) -> list[Path]:
    """Return what a pattern matches, numbers in names counted: s2 is before s10; hidden files are left out."""
    # Path.glob refuses absolute patterns.
    found = map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    return sorted((path for path in found if not path.name.startswith(".")), key=_natural)


def last_name(path: str | os.PathLike[str]) -> PurePosixPath:
    """Return the last part of a path or a URL."""
    return PurePosixPath(PurePosixPath(Path(path).as_posix().split("?")[0]).name)


def stem_of(path: str | os.PathLike[str]) -> str:
    """Return the name without its suffix: "a" for a.png, a.ome.tif and a.ome.zarr, "a.b" for a.b.png."""
    stem = last_name(path).stem
    for suffix in INNER_SUFFIXES:
        stem = stem.removesuffix(suffix)
    return stem


def _natural(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"(\d+)", str(path))
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], str(path)
