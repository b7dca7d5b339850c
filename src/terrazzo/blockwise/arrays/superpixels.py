"""Superpixels of a Dask array, lazily."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import dask.array as da

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.data_array import check_same_places, made_of
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, image_array, lattice_of
from terrazzo.blockwise.inputs.masks import MaskLike, checked_mask
from terrazzo.blockwise.passes.lazy_passes import lazy_passes
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice
from terrazzo.models.passes.superpixels import labels_pass
from terrazzo.named_axes import names_axes
from terrazzo.regions.superpixels.compared_channels import check_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_ITERATIONS = SuperpixelParameters.iterations
_SHORTCUTS = (0.45, 1.0, None, "none", None)


def superpixels(
    image: ImageLike,
    size: int | Sequence[int] | Lattice | SuperpixelParameters = 16,
    compactness: float = 0.45,
    sigma: float = 1.0,
    scale: float | None = None,
    *,
    colour: str = "none",
    weights: Sequence[float] | None = None,
    mask: MaskLike | None = None,
    block: int | None = None,
) -> da.Array:
    """Return a lazy label image of superpixels; chunking never changes it.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        Any real dtype, any chunks; computed in float32. With three sizes an array with three axes is (z, y, x).
        A DataArray of xarray names its axes, in any order.
    size : int, sequence of int, Lattice or SuperpixelParameters
        The spacing of the seeds in pixels, for all axes or one per axis; or all parameters at once, such as a model's.
    compactness : float
        The weight of space against intensity: larger gives rounder superpixels.
    sigma : float
        The standard deviation of the Gaussian that smooths the image first, in pixels along the axes of the largest
        size and along the others in proportion to `size`; 0 is none. What is smoothed is sharpened again, by half
        its difference to a Gaussian of 4 sigma.
    scale : float, optional
        The difference that counts as 1 in what is compared; by default its standard deviation, estimated lazily
        from windows at fixed positions.
    colour : {"none", "lab"}
        "lab" compares the CIELAB colours of three channels in sRGB.
    weights : sequence of float, optional
        One for each channel, or for L, a and b: a channel of weight 2 counts as one of twice the contrast.
    mask : Image, array of bool (y, x) or (z, y, x), or function, optional
        Which pixels get superpixels; the others are 0. A function gets pixels (c, y, x) or (c, z, y, x) of the
        image and returns a bool for each, which depends on that pixel alone.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Returns
    -------
    dask.array.Array of uint32 (or uint64 beyond 2**32 superpixels), shape (y, x) or (z, y, x)
        With the image's chunks. A superpixel's id is 1 + the raster index of its seed on the lattice. Of a DataArray it
        is one, with its axes but for the channels and its coordinates.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    InputError
        If the array is no image, or the mask none of it; on compute, if a pixel inside the mask is NaN or infinite.

    Notes
    -----
    SLIC (Achanta et al. 2012) on a lattice fixed in absolute coordinates: see `docs/architecture.md`.

    Examples
    --------
    >>> import dask.array as da, terrazzo as tz
    >>> image = da.random.random((300, 200), chunks=100)
    >>> tz.superpixels(image, size=20).compute().max()
    np.uint32(150)

    Those of a model, whose tasks `predict` shares: `tz.superpixels(image, model.recipe.superpixels)`.
    """
    given = (compactness, sigma, scale, colour, None if weights is None else tuple(weights))
    chosen, array, lattice = _chosen(image, size, given)
    check_channels(array.shape[0], array.dtype, chosen)
    grid = BlockGrid.of(lattice, block)
    warn_of_halo(grid, partial(chosen.window, margin=0))
    check_same_places(image, mask, "the mask")
    labels = lazy_passes([labels_pass(chosen)], array, checked_mask(mask, lattice.shape), grid).arrays["labels"]
    labels = labels.rechunk(array.chunks[1:])
    return made_of(image, labels, "superpixels") if names_axes(image) else labels


def _chosen(
    image: ImageLike, size: int | Sequence[int] | Lattice | SuperpixelParameters, given: tuple[Any, ...]
) -> tuple[SuperpixelParameters, da.Array, Lattice]:
    """Return all parameters, the image as an array and its lattice; `given` are the shortcuts in their order."""
    if isinstance(size, SuperpixelParameters):
        if given != _SHORTCUTS:
            raise ParameterError("SuperpixelParameters are given and some of what is in them as well; give them alone")
        array = image_array(image, len(size.size))
        return size, array, lattice_of(array, size.size)
    array = image_array(image, axes_of(size))
    lattice = lattice_of(array, size)
    compactness, *others = given
    return SuperpixelParameters(lattice.size, compactness, _ITERATIONS, *others), array, lattice
