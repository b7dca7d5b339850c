"""What is estimated once for a whole image, lazily, from windows at fixed positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.cluster.worker_watch import computed
from terrazzo.blockwise.inputs.masks import Mask, MaskFunction, inside, read_mask
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.models.passes.declared import Estimate, Pass
from terrazzo.regions.intensities.image_intensities import intensities_of, window_intensities
from terrazzo.regions.superpixels.intensity_scale import scale_windows

ESTIMATING = "the windows that numbers about the whole image are estimated from"

INTENSITIES = Estimate("intensities", None, scale_windows, window_intensities, intensities_of)
"""The `ImageIntensities` of an image, or None where no pixel counts."""


def lazy_estimate(estimate: Estimate, image: da.Array, mask: Mask = None) -> Delayed:
    """Return something about an image (c, y, x) or (c, z, y, x): what is known, or a lazy estimate.

    Parameters
    ----------
    estimate : Estimate
    image : dask.array.Array, shape (c, y, x) or (c, z, y, x)
    mask : dask.array.Array of bool or function, optional
        Which pixels count.
    """
    if estimate.known is not None:
        return dask.delayed(float(estimate.known), pure=True)
    measured = []
    # not as decorators: a function of another name than its own cannot be pickled
    measure, combine = dask.delayed(_measured, pure=True), dask.delayed(_combined, pure=True)
    for box in estimate.windows(image.shape[1:]):
        part = mask[box.slices] if isinstance(mask, da.Array) else mask
        measured.append(measure(image[(slice(None), *box.slices)], part, estimate.measured))
    lazy: Delayed = combine(measured, estimate.combined)
    return lazy


def apart(array: da.Array) -> da.Array:
    """Return the same array under a name of its own, from which follow the keys of all that is computed of it.

    What a user keeps on a cluster may stand there on tasks of the same names, which Dask has fused in other ways.
    """
    return array.map_blocks(_same, name=f"apart-{uuid4().hex}", dtype=array.dtype, meta=array._meta)


def _same(chunk: Any) -> Any:
    return chunk


def estimates_of(passes: Iterable[Pass]) -> dict[str, Estimate]:
    """Return what passes want to be estimated of the whole image, by name."""
    return {read.name: read for one in passes for read in one.reads if isinstance(read, Estimate)}


def estimated(
    estimates: Mapping[str, Estimate], image: da.Array, mask: Mask = None, client: Client | None = None
) -> dict[str, Any]:
    """Return what is estimated of an image, by name, computed here or on a client's workers: windows are read once."""
    if not estimates:
        return {}
    image, mask = apart(image), apart(mask) if isinstance(mask, da.Array) else mask
    lazy = dask.delayed({name: lazy_estimate(estimate, image, mask) for name, estimate in estimates.items()})
    found: dict[str, Any] = lazy.compute() if client is None else computed(lazy, client, ESTIMATING)
    return found


def estimated_here(estimates: Mapping[str, Estimate], image: Readable, mask: Mask = None) -> dict[str, Any]:
    """Return the same, to the bit, computed in this thread without Dask: a window at a time."""
    found: dict[str, Any] = {name: float(one.known) for name, one in estimates.items() if one.known is not None}
    asked = {name: one for name, one in estimates.items() if one.known is None}
    windows = {name: one.windows(image.shape[1:]) for name, one in asked.items()}
    measured: dict[tuple[str, Box], NDArray[Any]] = {}
    for box in dict.fromkeys(box for boxes in windows.values() for box in boxes):
        pixels = read_window(image, box)
        counted = inside(read_mask(mask, box), pixels)
        for name, one in asked.items():
            if box in windows[name]:
                measured[name, box] = one.measured(pixels, counted)
    return found | {name: one.combined([measured[name, box] for box in windows[name]]) for name, one in asked.items()}


def _measured(
    window: NDArray[Any], mask: NDArray[np.bool_] | MaskFunction | None, measured: Callable[..., NDArray[Any]]
) -> NDArray[Any]:
    return measured(window, inside(mask, window))


def _combined(measured: list[NDArray[Any]], combined: Callable[..., Any]) -> Any:
    return combined(measured)
