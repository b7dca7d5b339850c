"""Numbers that are estimated once for a whole image, lazily, from windows at fixed positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blockwise.cluster.worker_watch import computed
from terrazzo.blockwise.inputs.masks import Mask, MaskFunction, inside
from terrazzo.models.passes.declared import Estimate, Pass

ESTIMATING = "the windows that numbers about the whole image are estimated from"


def lazy_estimate(estimate: Estimate, image: da.Array, mask: Mask = None) -> Delayed:
    """Return a number about an image (c, y, x) or (c, z, y, x): the one that is known, or a lazy estimate.

    Parameters
    ----------
    estimate : Estimate
    image : dask.array.Array, shape (c, y, x) or (c, z, y, x)
    mask : dask.array.Array of bool or function, optional
        Which pixels count.
    """
    if estimate.known is not None:
        return dask.delayed(estimate.known, pure=True)
    measured = []
    for box in estimate.windows(image.shape[1:]):
        part = mask[box.slices] if isinstance(mask, da.Array) else mask
        measured.append(_measured(image[(slice(None), *box.slices)], part, estimate.measured))
    lazy: Delayed = _combined(measured, estimate.combined)
    return lazy


def estimates_of(passes: Iterable[Pass]) -> dict[str, Estimate]:
    """Return what passes want to be estimated of the whole image, by name."""
    return {read.name: read for one in passes for read in one.reads if isinstance(read, Estimate)}


def estimated(
    passes: Iterable[Pass], image: da.Array, mask: Mask = None, client: Client | None = None
) -> dict[str, float]:
    """Return the numbers about an image that passes read, by name, computed here or on a client's workers."""
    lazy = {name: lazy_estimate(estimate, image, mask) for name, estimate in estimates_of(passes).items()}
    return {
        name: float(one.compute() if client is None else computed(one, client, ESTIMATING))
        for name, one in lazy.items()
    }


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _measured(
    window: NDArray[Any], mask: NDArray[np.bool_] | MaskFunction | None, measured: Callable[..., NDArray[np.float64]]
) -> NDArray[np.float64]:
    return measured(window, inside(mask, window))


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _combined(measured: list[NDArray[np.float64]], combined: Callable[..., float]) -> float:
    return combined(measured)
