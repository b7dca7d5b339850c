"""How a stored image is cut for Dask: along what is stored, in windows of a sensible size."""

import math

SIDE = 2048
MOST_BYTES = 2**28


def reading_chunks(shape: tuple[int, ...], stored: tuple[int, ...] | None, itemsize: int) -> tuple[int, int, int]:
    """Group stored chunks into chunks of all channels by about 2048 x 2048 pixels, and at most 256 MiB.

    Parameters
    ----------
    shape : tuple of int
        (c, y, x) lengths of the image.
    stored : tuple of int or None
        (c, y, x) lengths of what the file reads at once, kept whole; None where any window costs the same.
    itemsize : int
        Bytes per value.

    Returns
    -------
    tuple of int
        (c, y, x) chunk lengths; y and x are multiples of `stored` or the image's own.
    """
    channels, height, width = shape
    _, unit_y, unit_x = stored or (1, 1, 1)
    side = SIDE
    while side > 256 and channels * side * side * itemsize > MOST_BYTES:
        side //= 2
    chunk_x = _multiple(unit_x, side, width)
    # A stored chunk as wide as the image (a TIFF strip) leaves fewer rows for the same area.
    chunk_y = _multiple(unit_y, min(side, math.ceil(side * side / chunk_x)), height)
    return channels, chunk_y, chunk_x


def _multiple(unit: int, target: int, length: int) -> int:
    return min(length, unit * max(1, target // unit))
