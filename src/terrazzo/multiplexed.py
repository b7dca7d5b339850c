"""Multiplexed images of any size with known domains that only the correlation of channels tells apart.

Every pixel is a function of its absolute coordinates and the seed, as in `terrazzo.synthetic`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.culture.coexpression import draw_coexpression
from terrazzo.kernels.culture.noise import Window

MODULES = 5


def multiplexed_image(
    shape: Sequence[int] = (4096, 4096), *, channels: int = 30, domains: int = 3, chunks: int = 1024, seed: int = 0
) -> tuple[da.Array, da.Array]:
    """Return a lazy image of many channels and its true domains.

    In each domain channels rise and fall together in five modules, and in each domain these are others. What a channel
    alone does, its mean, its deviation and its texture, is the same everywhere.

    Parameters
    ----------
    shape : sequence of two int
        Height and width in pixels.
    channels : int
        At least 5.
    domains : int
        From 2 to 255.
    chunks : int
        How wide the chunks are; it does not change a pixel.
    seed : int
        Which scene of this kind, from 0 to 2**63 - 1.

    Returns
    -------
    image : dask.array.Array of uint8, shape (channels, y, x)
    truth : dask.array.Array of uint8, shape (y, x)

    Raises
    ------
    ParameterError
        If a number is out of range.
    """
    for name, value, least, most in (
        ("channels", channels, MODULES, 10_000),
        ("domains", domains, 2, 255),
        ("chunks", chunks, 1, 2**40),
        ("seed", seed, 0, 2**63 - 1),
        *(("a side", side, 1, 2**40) for side in shape),
    ):
        if not least <= value <= most:
            raise ParameterError(f"{name} of a multiplexed image is {value}; it must be from {least} to {most}")
    height, width = shape
    cuts = normalize_chunks(chunks, (height, width), dtype=np.uint8)
    both = da.map_blocks(
        _block,
        chunks=((channels + 1,), *cuts),
        dtype=np.uint8,
        channels=channels,
        domains=domains,
        seed=seed,
        meta=np.empty((0, 0, 0), np.uint8),
    )
    return both[:-1], both[-1]


def _block(channels: int, domains: int, seed: int, block_info: Mapping[Any, Any]) -> NDArray[np.uint8]:
    """Return channels and domains of one chunk, stacked, so that one task draws both."""
    _, (top, bottom), (left, right) = block_info[None]["array-location"]
    window = Window(int(top), int(left), int(bottom - top), int(right - left))
    image, truth = draw_coexpression(window, channels, domains, MODULES, seed)
    return np.concatenate([image, truth[None]])
