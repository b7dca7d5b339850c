"""Images of any size with a known truth: stem cells in phase contrast, drawn on demand.

Every pixel is a function of its absolute coordinates and the seed, so chunks of any shape give the same
image, bit for bit. Arithmetic is + - x / sqrt, comparisons and integer hashing, which processors do alike.
"""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.culture.noise import Window
from terrazzo.kernels.culture.scene import draw_culture

CLASS_NAMES = ("background", "colony", "differentiated")
"""Names of the classes 0, 1 and 2 of the truth."""

_SEEDS = 2**64
_FARTHEST = 2**40


def colony_image(
    shape: Sequence[int] = (4096, 4096), *, chunks: Any = 1024, seed: int = 0
) -> tuple[da.Array, da.Array]:
    """Return a lazy phase-contrast image of stem-cell colonies and its true classes.

    Colonies of tightly packed small cells with a bright rim lie on an unevenly lit background with specks,
    fibres and floating dead cells; beside them and apart are regions of large, flat, long differentiated
    cells. Of any 2048 x 2048 window about half is background, three tenths colony and two tenths
    differentiated. The classes overlap in intensity: the texture tells them apart.

    Parameters
    ----------
    shape : sequence of two int
        Height and width in pixels.
    chunks
        How the arrays are cut, as Dask takes it; it does not change a pixel.
    seed : int
        Which scene of this kind, from 0 to 2**64 - 1.

    Returns
    -------
    image : dask.array.Array of uint8, shape (y, x)
    truth : dask.array.Array of uint8, shape (y, x)
        0 background, 1 colony, 2 differentiated; see `CLASS_NAMES`. Both come from one task per chunk.

    Raises
    ------
    ParameterError
        If the shape, the chunks or the seed are not as above.

    Examples
    --------
    >>> image, truth = colony_image((100_000, 100_000), seed=3)
    >>> image[50_000:50_512, 70_000:70_512].compute().shape
    (512, 512)
    """
    height, width = _checked_shape(shape)
    try:
        cuts = normalize_chunks(chunks, (height, width), dtype=np.uint8)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise ParameterError(
            f"chunks is {chunks!r}, which does not cut an image of {height} x {width} pixels ({error}); "
            "give one positive size, or one per axis."
        ) from error
    if min(min(cut) for cut in cuts) < 1:
        raise ParameterError(f"chunks is {chunks!r}; every chunk needs at least one pixel along each axis.")
    both = da.map_blocks(
        _block,
        chunks=((2,), *cuts),
        dtype=np.uint8,
        seed=_checked_seed(seed),
        meta=np.empty((0, 0, 0), np.uint8),
    )
    return both[0], both[1]


def colony_block(
    origin: Sequence[int], shape: Sequence[int], seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return image and truth of one window of the endless scene that `colony_image` shows the corner of.

    Parameters
    ----------
    origin : sequence of two int
        Absolute row and column of the window's first pixel, at most 2**40 from 0, below 0 included.
    shape : sequence of two int
        Height and width in pixels.
    seed : int
        Which scene, from 0 to 2**64 - 1.

    Returns
    -------
    image, truth : ndarray of uint8, shape (height, width)

    Raises
    ------
    ParameterError
        If an argument is not as above.
    """
    y, x = _integers("origin", origin)
    height, width = _checked_shape(shape)
    if max(abs(y), abs(x)) > _FARTHEST:
        raise ParameterError(f"origin is ({y}, {x}); no coordinate may be farther than 2**40 from 0.")
    image, truth = draw_culture(Window(y, x, height, width), _checked_seed(seed))
    return image, truth


def _block(seed: int, block_info: Mapping[Any, Any]) -> NDArray[np.uint8]:
    """Return image and truth of one chunk, stacked, so that one task draws both."""
    _, (top, bottom), (left, right) = block_info[None]["array-location"]
    return draw_culture(Window(int(top), int(left), int(bottom - top), int(right - left)), seed)


def _checked_shape(shape: Sequence[int]) -> tuple[int, int]:
    height, width = _integers("shape", shape)
    if min(height, width) < 1 or max(height, width) > _FARTHEST:
        raise ParameterError(f"shape is ({height}, {width}); both sides must be from 1 to 2**40 pixels.")
    return height, width


def _integers(name: str, values: Sequence[SupportsIndex]) -> tuple[int, int]:
    try:
        first, second = (operator.index(value) for value in values)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} is {values!r}; give two integers, for y and for x.") from None
    return first, second


def _checked_seed(seed: SupportsIndex) -> int:
    try:
        value = operator.index(seed)
    except TypeError:
        value = -1
    if not 0 <= value < _SEEDS:
        raise ParameterError(f"seed is {seed!r}; give an integer from 0 to 2**64 - 1.")
    return value
