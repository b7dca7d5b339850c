"""Windows of an endless plane, and the squares of a grid of absolute coordinates that they touch."""

from typing import NamedTuple

from terrazzo.kernels.jit import kernel


class Window(NamedTuple):
    """A rectangle of pixels; (y, x) is its first."""

    y: int
    x: int
    height: int
    width: int


@kernel
def squares(start: int, length: int, pitch: int, reach: int) -> tuple[int, int]:
    """Return the first square that a run touches, and how many, with `reach` more on either side."""
    first = start // pitch - reach
    return first, (start + length - 1) // pitch + reach + 1 - first
