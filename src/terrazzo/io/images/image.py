"""An image on disk with what its file says of it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.html import of_intensities, table
from terrazzo.io.images.coarse_pixels import coarse_pixels
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers.axes import IMAGE_AXES
from terrazzo.io.readers.selection import select_text
from terrazzo.memory import readable_bytes
from terrazzo.wording import by, lengths, listed, pixel_text


@dataclass(frozen=True)
class Image:
    """An image (c, y, x) or a volume (c, z, y, x), lazily read.

    Attributes
    ----------
    stored : StoredArray
        The array on disk, for tasks that read their own windows.
    channels : tuple of str
        One name per channel.
    pixel_size : tuple of float or None
        (y, x) or (z, y, x) size of a pixel of this level, in `pixel_unit`; None unless the file says all of it.
    pixel_unit : str or None
        Full English name of the unit, such as "micrometer".
    level : int
        Resolution level in the file, 0 being the finest.
    levels : int
        How many resolutions the file has.
    """

    stored: StoredArray
    channels: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    pixel_unit: str | None = None
    level: int = 0
    levels: int = 1

    @cached_property
    def data(self) -> da.Array:
        """The image as a (c, y, x) or (c, z, y, x) Dask array; the same file and level give the same key names."""
        data: da.Array = da.from_array(
            self.stored,
            chunks=self.stored.chunks,
            name=f"image-{tokenize(self.stored)}",
            asarray=True,
            fancy=False,
            meta=np.empty((0,) * self.stored.ndim, self.dtype),
        )
        return data

    @property
    def plane(self) -> da.Array:
        """The only channel as a (y, x) or (z, y, x) Dask array, for label images.

        Raises
        ------
        InputError
            If there is more than one channel.
        """
        if len(self.channels) != 1:
            raise InputError(f"'{self.path}' has {len(self.channels)} channels; labels have one.")
        only: da.Array = self.data[0]
        return only

    @property
    def path(self) -> str:
        """Absolute path of the file or store, a URL, "file.h5/name" or a pattern of files."""
        return self.stored.path

    @property
    def axes(self) -> str:
        """The spatial axes: "yx", or "zyx" of a volume."""
        return IMAGE_AXES[self.stored.ndim][1:]

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths along (c, y, x) or (c, z, y, x)."""
        return self.stored.shape

    @property
    def extent(self) -> tuple[int, ...]:
        """Lengths along (y, x) or (z, y, x), in pixels."""
        return self.stored.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        """Type of the values, in the byte order of the machine."""
        return self.stored.dtype

    def __repr__(self) -> str:
        size = pixel_text(self.pixel_size, self.pixel_unit)
        level = f", level {self.level} of {self.levels}" if self.levels > 1 else ""
        level += f", at {select_text(self.stored.selected)}" if self.stored.selected else ""
        pixels = f"{self.dtype}{level}" if size is None else f"{self.dtype}{level}, pixels of {size}"
        return f"<terrazzo.Image {lengths(self.shape, 'c' + self.axes)} {pixels}, {self.path!r}>"

    def _repr_html_(self) -> str:
        pixels = self._coarse_pixels()
        return table("terrazzo.Image", self._rows(), None if pixels is None else of_intensities(pixels))

    def _rows(self) -> dict[str, object]:
        """What a notebook says of it."""
        return {
            "Extent": lengths(self.extent),
            "Channels": _channel_text(self.channels),
            "Type": self.dtype,
            "Pixels of": pixel_text(self.pixel_size, self.pixel_unit),
            "Level": f"{self.level} of {self.levels}" if self.levels > 1 else None,
            "Selected": select_text(self.stored.selected) or None,
            "Size": readable_bytes(math.prod(self.shape) * self.dtype.itemsize),
            "Read in": by(self.stored.chunks),
            "Path": self.path,
        }

    def _coarse_pixels(self) -> NDArray[Any] | None:
        return coarse_pixels(self.stored, self.level, self.levels, self.channels)


def _channel_text(channels: tuple[str, ...]) -> str:
    """Return how many there are, with their names unless those are numbers."""
    numbers = all(name.isdecimal() for name in channels)
    return str(len(channels)) if numbers else f"{len(channels)} ({listed(channels)})"
