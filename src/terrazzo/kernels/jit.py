"""How kernels are compiled: no fastmath, no parallel loops, the GIL released, the result cached on disk."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
from numba.core.registry import cpu_target

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile `function` so that its arithmetic is what is written, in the order that is written."""
    return cast(F, numba.njit(nogil=True, cache=True, fastmath=False, error_model="numpy")(function))


def load_target() -> None:
    """Load what numba otherwise loads when a process calls its first kernel, a fifth of a second."""
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
