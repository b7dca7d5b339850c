"""Superpixels of a Dask array, lazily."""

from __future__ import annotations

from collections.abc import Sequence

import dask
import dask.array as da
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.block_tasks import labels_of_window
from terrazzo.blockwise.image_array import ImageLike, image_array
from terrazzo.blockwise.scale import estimated_scale
from terrazzo.blockwise.windows import window_tasks
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice
from terrazzo.regions.superpixel_parameters import SuperpixelParameters


def superpixels(
    image: ImageLike,
    size: int | Sequence[int] | Lattice = 16,
    compactness: float = 0.45,
    iterations: int = 5,
    sigma: float = 1.0,
    scale: float | None = None,
    *,
    block: int | None = None,
) -> da.Array:
    """Return a lazy label image of superpixels; chunking never changes it.

    Parameters
    ----------
    image : Image or array, shape (y, x) or (c, y, x)
        Any real dtype, any chunks; computed in float32.
    size : int, sequence of int or Lattice
        The spacing of the seeds in pixels, for all axes or one per axis.
    compactness : float
        The weight of space against intensity: larger gives rounder superpixels.
    iterations : int
        How often pixels choose anew among their four nearest cells.
    sigma : float
        The standard deviation in pixels of the Gaussian that smooths the image first; 0 is none.
    scale : float, optional
        The intensity difference that counts as 1; by default the image's standard deviation, estimated lazily
        from windows at fixed positions.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Returns
    -------
    dask.array.Array of uint32 (or uint64 beyond 2**32 superpixels), shape (y, x)
        With the image's chunks. A superpixel's id is 1 + the raster index of its seed on the lattice.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    InputError
        If the array is no image; on compute, if a pixel is NaN or infinite.

    Notes
    -----
    SLIC (Achanta et al. 2012) on a lattice fixed in absolute coordinates: see `docs/architecture.md`.

    Examples
    --------
    >>> import dask.array as da, terrazzo as tz
    >>> image = da.random.random((300, 200), chunks=100)
    >>> tz.superpixels(image, size=20).compute().max()
    np.uint32(150)
    """
    array = image_array(image)
    lattice = lattice_of(array, size)
    parameters = SuperpixelParameters(lattice.size, compactness, iterations, sigma, scale)
    grid = BlockGrid.of(lattice, block)
    blocks = list(grid)
    source = array.rechunk((-1, *grid.chunks()))
    scale_key = lazy_scale(array, parameters)
    name = f"superpixels-{tokenize(source.name, parameters, grid)}"
    tasks, windows = window_tasks(source, [parameters.window(b, margin=0) for b in blocks], f"window-{name}")
    for one, window in zip(blocks, windows, strict=True):
        tasks[(name, *one.index)] = (labels_of_window, window, one, parameters, scale_key.key)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=[source, scale_key])
    labels = da.Array(graph, name, grid.chunks(), dtype=lattice.dtype)
    return labels.rechunk(array.chunks[1:])


def lattice_of(array: da.Array, size: int | Sequence[int] | Lattice) -> Lattice:
    """Return the lattice that `size` stands for on an image (c, y, x)."""
    lattice = size if isinstance(size, Lattice) else Lattice.of(array, size)
    if lattice.shape != array.shape[1:]:
        raise ParameterError(
            f"the lattice covers {lattice.shape} pixels and the image {array.shape[1:]}; use Lattice.of(image, size)"
        )
    return lattice


def lazy_scale(array: da.Array, parameters: SuperpixelParameters) -> Delayed:
    """Return the intensity scale of an image (c, y, x): the parameters' own, or a lazy estimate."""
    return estimated_scale(array) if parameters.scale is None else dask.delayed(parameters.scale, pure=True)
