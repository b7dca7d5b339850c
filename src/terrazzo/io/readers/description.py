"""What a reader finds out about one array of a file without reading its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Description:
    """One array as its file has it, before it is put into (c, y, x) or (c, z, y, x) order.

    Attributes
    ----------
    key : str
        Where the array is inside the file: the path in a Zarr group or an HDF5 file, the level of a TIFF, the reading
        mode of a PNG or JPEG; empty where there is but one.
    shape : tuple of int
        Length of each axis of the file, without an alpha channel.
    dtype : numpy.dtype
        Type of the values in the file.
    chunks : tuple of int or None
        What is read at once, one length per axis of the file; None where any window costs the same.
    axes : str or None
        One lower-case letter per axis of the file, or None where the file does not say anything.
    pixel_size : dict of float or None
        Size of a pixel along y and x, and along z where that is known, in `pixel_unit`.
    pixel_unit : str or None
        Unit by its full English name ("micrometer"), as in OME-NGFF.
    channels : tuple of str or None
        Names of the channels.
    palette_indices : Description or None
        The same picture as numbers into its palette, where it has one.
    palette : tuple of int or None
        0xrrggbb of each of these numbers, -1 where it is transparent, of an array that holds such numbers.
    alpha : bool
        Whether what is opened has one more sample per pixel than `shape` says, the last: how opaque it is.
    whole : bool
        Whether any window takes decoding all of it.
    levels : int
        How many resolutions the file has.
    """

    key: str
    shape: tuple[int, ...]
    dtype: np.dtype
    chunks: tuple[int, ...] | None = None
    axes: str | None = None
    pixel_size: dict[str, float] | None = None
    pixel_unit: str | None = None
    channels: tuple[str, ...] | None = None
    palette_indices: Description | None = None
    palette: tuple[int, ...] | None = None
    alpha: bool = False
    whole: bool = False
    levels: int = 1
