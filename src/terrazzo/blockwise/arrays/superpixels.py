"""Superpixels of a Dask array, lazily."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import dask.array as da

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.halo_cost import warn_of_halo
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, image_array, lattice_of
from terrazzo.blockwise.inputs.masks import MaskLike, checked_mask
from terrazzo.blockwise.passes.lazy_passes import lazy_passes
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice
from terrazzo.models.passes.superpixels import labels_pass
from terrazzo.regions.superpixels.compared_channels import check_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_SHORTCUTS = (16, 0.45, 5, 1.0, "none")


def superpixels(
    image: ImageLike,
    size: int | Sequence[int] | Lattice = 16,
    compactness: float = 0.45,
    iterations: int = 5,
    sigma: float = 1.0,
    *,
    colour: str = "none",
    parameters: SuperpixelParameters | None = None,
    mask: MaskLike | None = None,
    block: int | None = None,
) -> da.Array:
    """Return a lazy label image of superpixels; chunking never changes it.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        Any real dtype, any chunks; computed in float32. With three sizes an array with three axes is (z, y, x).
    size : int, sequence of int or Lattice
        The spacing of the seeds in pixels, for all axes or one per axis.
    compactness : float
        The weight of space against intensity: larger gives rounder superpixels.
    iterations : int
        How often pixels choose anew among their nearest cells, two along each axis.
    sigma : float
        The standard deviation of the Gaussian that smooths the image first, in pixels along the axes of the largest
        size and along the others in proportion to `size`; 0 is none. What is smoothed is sharpened again, by half
        its difference to a Gaussian of 4 sigma.
    colour : {"none", "lab"}
        "lab" compares the CIELAB colours of three channels in sRGB.
    parameters : SuperpixelParameters, optional
        All of these together, with `scale` and `weights`, in their place: those of a model, say.
    mask : Image, array of bool (y, x) or (z, y, x), or function, optional
        Which pixels get superpixels; the others are 0. A function gets pixels (c, y, x) or (c, z, y, x) of the
        image and returns a bool for each, which depends on that pixel alone.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Returns
    -------
    dask.array.Array of uint32 (or uint64 beyond 2**32 superpixels), shape (y, x) or (z, y, x)
        With the image's chunks. A superpixel's id is 1 + the raster index of its seed on the lattice.

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

    Those of a model, whose tasks `predict` shares: `tz.superpixels(image, parameters=model.recipe.superpixels)`.
    """
    if parameters is not None:
        if (size, compactness, iterations, sigma, colour) != _SHORTCUTS:
            raise ParameterError("parameters are given and some of what is in them as well; give one or the other")
        size = parameters.size
    array = image_array(image, axes_of(size))
    lattice = lattice_of(array, size)
    chosen = parameters or SuperpixelParameters(lattice.size, compactness, iterations, sigma, colour=colour)
    check_channels(array.shape[0], array.dtype, chosen)
    grid = BlockGrid.of(lattice, block)
    one_pass = labels_pass(chosen)
    warn_of_halo(grid, partial(chosen.window, margin=0))
    labels = lazy_passes([one_pass], array, checked_mask(mask, lattice.shape), grid).arrays["labels"]
    return labels.rechunk(array.chunks[1:])
