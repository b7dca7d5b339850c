"""How a stored image is cut for Dask: along what is stored, in windows of a sensible size."""

import math

SIDE, VOLUME_SIDE = 2048, 256
MOST_BYTES = 2**28


def reading_chunks(shape: tuple[int, ...], stored: tuple[int, ...] | None, itemsize: int) -> tuple[int, ...]:
    """Group stored chunks into chunks of all channels by about 2048 x 2048 or 256 x 256 x 256 pixels.

    A chunk has at most 256 MiB, unless a stored one has more.

    Parameters
    ----------
    shape : tuple of int
        (c, y, x) or (c, z, y, x) lengths of the image.
    stored : tuple of int or None
        Lengths along the same axes of what the file reads at once, kept whole; None where any window costs the same.
    itemsize : int
        Bytes per value.

    Returns
    -------
    tuple of int
        Chunk lengths along the same axes; but for c they are multiples of `stored` or the image's own.
    """
    channels, *extent = shape
    _, *units = stored or (1,) * len(shape)
    side = _side(channels, len(extent), itemsize)
    chunk: list[int] = []
    for unit, length in zip(reversed(units), reversed(extent), strict=True):
        # A stored chunk as wide as the image (a TIFF strip) leaves fewer rows for the same number of pixels.
        left = math.ceil(side ** (len(chunk) + 1) / math.prod(chunk))
        chunk.append(_multiple(unit, min(side, left), length))
    return channels, *reversed(chunk)


def _side(channels: int, axes: int, itemsize: int) -> int:
    side, least = (SIDE, 256) if axes == 2 else (VOLUME_SIDE, 32)
    while side > least and channels * side**axes * itemsize > MOST_BYTES:
        side //= 2
    return side


def _multiple(unit: int, target: int, length: int) -> int:
    return min(length, unit * max(1, target // unit))
