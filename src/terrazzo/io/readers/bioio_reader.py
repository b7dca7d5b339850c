"""Microscopes' own formats, CZI, ND2 and LIF, through bioio and its plugins, where they are installed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.failures import require_level
from terrazzo.io.readers.axes import RGB
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.location import inside_file, last_name
from terrazzo.pixel_size import MICROMETRE

# what has to be installed for each, beside bioio
PLUGINS = {".czi": "bioio-czi", ".nd2": "bioio-nd2", ".lif": "bioio-lif"}
# CZI is read in windows of any place and size, and says blue, green, red of the samples of a pixel
WINDOWED = BLUE_FIRST = (".czi",)
SAMPLES, CHANNELS, TILES = "S", "C", "M"
MOST_NAMED = 5


@dataclass(frozen=True)
class Scene:
    """One image of a file at one resolution, for windows.

    Parameters
    ----------
    reader : object
        Of a bioio plugin, set to the image.
    axes : str
        The letters of those axes that count, in the reader's order.
    shape : tuple of int
        Their lengths.
    chunks : tuple of int or None
        What is read at once along them; None where any window costs the same.
    turned : bool
        Whether the samples are blue, green, red, and have to be turned round.
    """

    reader: Any
    axes: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...] | None
    turned: bool

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        found: np.dtype = np.dtype(self.reader.dtype)
        return found

    def __getitem__(self, selection: Sequence[Any]) -> NDArray[Any]:
        """Read a window of slices without steps and of integers, one for each axis."""
        parts = dict(zip(self.axes, selection, strict=True))
        turned = self.turned and isinstance(parts[SAMPLES], slice)
        if self.turned:
            parts[SAMPLES] = _from_the_end(parts[SAMPLES], self.shape[self.axes.index(SAMPLES)])
        kept = "".join(axis for axis, part in parts.items() if isinstance(part, slice))
        if _reads_windows(self.reader):
            found = np.asarray(self.reader.get_image_data(kept, **parts))
        else:
            lazy = self.reader.get_image_dask_data(kept, **parts)
            found = np.asarray(lazy.compute(scheduler="synchronous"))
        return np.flip(found, kept.index(SAMPLES)) if turned else found


def describe(path: str, level: int) -> Description:
    """Describe a resolution of the only image, or of the one at "file.czi/name of the image"; see `Description`."""
    scene = _opened(path, _scene_number(path), level)
    reader = scene.reader
    size = {axis: getattr(reader.physical_pixel_sizes, axis.upper()) for axis in "zyx"}
    known = {axis: float(length) for axis, length in size.items() if length and isfinite(length) and length > 0}
    return Description(
        key=f"{reader.current_scene_index} {level}",
        shape=scene.shape,
        dtype=scene.dtype,
        chunks=scene.chunks,
        axes=scene.axes.replace(SAMPLES, CHANNELS).lower(),
        pixel_size=known if {"y", "x"} <= known.keys() else None,
        pixel_unit=MICROMETRE if {"y", "x"} <= known.keys() else None,
        channels=RGB if scene.turned else _channel_names(scene),
        levels=len(reader.resolution_levels),
    )


def open_array(path: str, key: str) -> Scene:
    """Open what was described, for windows."""
    number, level = map(int, key.split())
    return _opened(path, number, level)


def _opened(path: str, number: int, level: int) -> Scene:
    reader = _reader(path)
    reader.set_scene(number)
    require_level(path, level, len(reader.resolution_levels))
    reader.set_resolution_level(level)
    lengths = dict(zip(reader.dims.order, reader.dims.shape, strict=True))
    if lengths.get(TILES, 1) > 1:
        raise InputError(
            f"'{path}' is a mosaic of {lengths[TILES]} tiles that were not put together; merge them in the program of "
            "the microscope"
        )
    if lengths.get(SAMPLES, 1) > 1 and lengths.get(CHANNELS, 1) > 1:
        raise InputError(f"'{path}' has {lengths[CHANNELS]} channels of {lengths[SAMPLES]} colours; save one channel")
    colours = lengths.get(SAMPLES, 1) > 1
    axes = "".join(axis for axis, length in lengths.items() if length > 1 or axis in "YX")
    unknown = set(axes) - {*"TCZYX", SAMPLES}
    if unknown:
        raise InputError(f"'{path}' has an axis {', '.join(sorted(unknown))} that is none of t, c, z, y and x")
    suffix = last_name(_file(path)).suffix.lower()
    shape = tuple(lengths[axis] for axis in axes)
    plane = {"Y", "X", SAMPLES}
    chunks = None if suffix in WINDOWED else tuple(lengths[axis] if axis in plane else 1 for axis in axes)
    return Scene(reader, axes, shape, chunks, colours and suffix in BLUE_FIRST and lengths[SAMPLES] == len(RGB))


def _reader(path: str) -> Any:
    file = _file(path)
    plugin = PLUGINS[last_name(file).suffix.lower()]
    _require_installed(path, plugin)
    from bioio import BioImage  # loads xarray and more, which other formats do without

    kind = BioImage.determine_plugin(file).metadata.get_reader()
    takes_chunks = "chunk_dims" in inspect.signature(kind.__init__).parameters
    # by default a chunk is a whole volume
    return kind(file, chunk_dims=["Y", "X"]) if takes_chunks else kind(file)


def _require_installed(path: str, plugin: str) -> None:
    missing = [name for name in ("bioio", plugin) if find_spec(name.replace("-", "_")) is None]
    if missing:
        raise InputError(
            f"'{path}' is read through {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed: pip install {' '.join(missing)}, or all of them with pip install 'terrazzo[bioio]'"
        )


def _scene_number(path: str) -> int:
    """Return the number of the image that a path means, by its name or its number."""
    scenes, (_, wanted) = tuple(map(str, _reader(path).scenes)), _split(path)
    if wanted in scenes:
        return scenes.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(scenes):
        return int(wanted)
    if not wanted and len(scenes) == 1:
        return 0
    listed = ", ".join(f"'{name}'" for name in scenes[:MOST_NAMED]) + (", ..." if len(scenes) > MOST_NAMED else "")
    what = f"holds {len(scenes)} images" if not wanted else f"names no image; the file holds {len(scenes)}"
    raise InputError(f"'{path}' {what}: {listed}; open one by its path, such as '{_file(path)}/{scenes[0]}'")


def _channel_names(scene: Scene) -> tuple[str, ...] | None:
    names = scene.reader.channel_names if CHANNELS in scene.axes else None
    return None if names is None else tuple(map(str, names))


def _reads_windows(reader: Any) -> bool:
    """Whether a plugin reads less than all for a window without Dask."""
    own = (kind for kind in type(reader).__mro__ if kind.__module__ != "bioio_base.reader")
    return any("_read_indexed" in vars(kind) for kind in own)


def _from_the_end(part: Any, length: int) -> Any:
    return slice(length - part.stop, length - part.start) if isinstance(part, slice) else length - 1 - part


def _file(path: str) -> str:
    return str(_split(path)[0])


def _split(path: str) -> tuple[Any, str]:
    found = inside_file(path)
    if found is None:
        raise InputError(f"There is no file at '{path}'.")
    return found
