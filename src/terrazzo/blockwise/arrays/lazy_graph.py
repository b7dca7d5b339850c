"""A Delayed that Dask optimises together with arrays, so that it shares their tasks."""

from __future__ import annotations

import dask.array as da
from dask.delayed import Delayed


class LazyGraph(Delayed):  # type: ignore[misc]
    """A lazy value whose graph is made of arrays.

    Dask optimises each kind of collection by itself: in `dask.compute(labels, graph)` it would fuse the tasks of the
    arrays, leave those of a plain Delayed as they are, and run both.
    """

    __slots__ = ()
    __dask_optimize__ = staticmethod(da.Array.__dask_optimize__)
