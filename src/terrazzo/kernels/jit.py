"""How kernels are compiled: no fastmath, no parallel loops, the GIL released, the result cached on disk."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile `function` so that its arithmetic is what is written, in the order that is written."""
    return cast(F, numba.njit(nogil=True, cache=True, fastmath=False, error_model="numpy")(function))
