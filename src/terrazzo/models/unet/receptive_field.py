"""Which pixels does an output of a U-Net depend on? Integers alone, from the description."""

from __future__ import annotations

from terrazzo.models.unet.description import Level, UNetDescription

Span = tuple[int, int]


def pixels_needed(description: UNetDescription, axis: int, start: int, stop: int) -> Span:
    """Return the pixels, first and one after the last, that the outputs `start..stop` along an axis depend on.

    Zeros around the image are no pixels: the span may reach outside it. It depends on where `start` and `stop` lie
    within the stride.
    """
    spans = []
    for level in reversed(description.up.levels):
        start, stop = _convolved(level, axis, start, stop)
        spans.append((start, stop))
        start, stop = start // level.factor[axis], -(-stop // level.factor[axis])
    spans.append((start, stop))
    for level, (first, last) in zip(reversed(description.down.levels), reversed(spans), strict=True):
        start, stop = _convolved(level, axis, min(start, first), max(stop, last))
        start, stop = start * level.factor[axis], stop * level.factor[axis]
    return start, stop


def halo(description: UNetDescription) -> tuple[int, ...]:
    """Return how far along each axis a box of whole strides looks beyond itself, in pixels."""
    spans = (pixels_needed(description, axis, 0, stride) for axis, stride in enumerate(description.stride))
    return tuple(max(-start, stop - stride) for (start, stop), stride in zip(spans, description.stride, strict=True))


def _convolved(level: Level, axis: int, start: int, stop: int) -> Span:
    """Return what a level's convolutions read for `start..stop`."""
    radius = sum(convolution.kernel[axis] // 2 for convolution in level.convolutions)
    return start - radius, stop + radius
