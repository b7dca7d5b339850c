"""In which order to visit a grid so that what comes one after another lies side by side: a Hilbert curve."""

from __future__ import annotations

from collections.abc import Iterator


def along_hilbert_curve(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield each index of a grid once, in the order of a Hilbert curve.

    The curve fills the smallest cube with a power of two on each side; what of it lies outside the grid is skipped a
    whole subcube at a time, and only the subcubes on the way down are held.

    Parameters
    ----------
    shape : tuple of int
        The grid's extent along each axis.

    Notes
    -----
    The entry corners and directions of subcubes are those of Hamilton, *Compact Hilbert Indices* (2006).
    """
    axes = len(shape)
    waiting = [((0,) * axes, 1 << (max(shape) - 1).bit_length(), 0, 0)]
    while waiting:
        corner, side, entry, direction = waiting.pop()
        if side == 1:
            yield corner
            continue
        half, turn = side // 2, direction + 1
        for step in reversed(range(1 << axes)):
            place = _rotated(step ^ (step >> 1), turn, axes) ^ entry
            start = tuple(at + half * (place >> axis & 1) for axis, at in enumerate(corner))
            if all(at < extent for at, extent in zip(start, shape, strict=True)):
                inner_entry = entry ^ _rotated(_entry(step), turn, axes)
                waiting.append((start, half, inner_entry, (turn + _direction(step, axes)) % axes))


def _rotated(bits: int, by: int, width: int) -> int:
    by %= width
    return (bits << by | bits >> (width - by)) & ((1 << width) - 1)


def _entry(step: int) -> int:
    even = max(0, (step - 1) // 2 * 2)
    return even ^ (even >> 1)


def _direction(step: int, axes: int) -> int:
    if step == 0:
        return 0
    odd = step - 1 if step % 2 == 0 else step
    return ((odd ^ (odd + 1)).bit_length() - 1) % axes
