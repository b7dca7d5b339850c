"""Smooth steps and bumps made of polynomials, so that they are the same numbers on every machine."""

from terrazzo.kernels.jit import kernel


@kernel
def fade(t: float) -> float:
    """Rise from 0 at t = 0 to 1 at t = 1 without slope or curvature at the ends.

    Source: K. Perlin, Improving noise, SIGGRAPH 2002.
    """
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@kernel
def bump(t: float) -> float:
    """Fall from 1 at t = 0 to 0 at t = 1, arrive without slope, and stay 0."""
    rest = 1.0 - min(t, 1.0)
    return rest * rest


@kernel
def ridge(distance: float, half_width: float) -> float:
    """Return a bump across a line: 1 on it, 0 from `half_width` on either side."""
    t = distance * (1.0 / half_width)
    return bump(t * t)
