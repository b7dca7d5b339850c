"""The filter responses of pixels, some at a time, in strips of rows that stay in cache until they are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters import (
    StructureTensor,
    gradient_and_laplacian,
    halved,
    hessian_eigenvalues,
    local_mean_and_std,
)
from terrazzo.regions.statistics.scale import Scale

# Pixels of a strip, about: six responses of it take 3/4 of a MiB.
STRIP = 2**15

Section = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Strip:
    """Some responses of a scale on some rows of a section.

    Parameters
    ----------
    column : int
        Which of the scale's responses is the first.
    place : tuple of int
        Their level of the pyramid, their section of the image, and at which row and column of the level they begin.
    values : tuple of ndarray of float32, shape (rows, x)
    """

    column: int
    place: tuple[int, int, int, int]
    values: tuple[NDArray[np.float32], ...]


def strips_of(scale: Scale, image: NDArray[np.float32], sections: slice, inside: Section) -> Iterator[Strip]:
    """Yield the responses of a scale on what is wanted of an image, and a little around it.

    Parameters
    ----------
    scale : Scale
    image : ndarray of float32, shape (z, y, x)
        On the scale's level of the pyramid. It starts at the scale's alignment.
    sections : slice
        Along z, what is wanted.
    inside : tuple of slice
        Along y and x, what is wanted, in pixels of the first level. No more is filtered than this takes.
    """
    start = tuple(max(0, at.start - scale.radius) // scale.alignment * scale.alignment for at in inside)
    around = tuple(
        slice(first >> scale.level, on(slice(first, at.stop + scale.radius), scale.level).stop)
        for first, at in zip(start, inside, strict=True)
    )
    for z in range(sections.start, sections.stop):
        section = np.ascontiguousarray(image[z][around])
        yield from _of_section(scale, section, z, start, inside[0])


def write_responses(
    scales: tuple[Scale, ...],
    image: NDArray[np.float32],
    sections: slice,
    inside: Section,
    found: Sequence[NDArray[np.float32]],
) -> None:
    """Write the responses of scales, finest first, on the pixels of their levels that `inside` lies in.

    The image (z, y, x) starts at the alignment of all scales; the rest is as in `strips_of`.

    Parameters
    ----------
    found : sequence of ndarray of float32, shape (z, y, x)
        One per response, as large as it is on its level; are filled.
    """
    level, first = 0, 0
    for scale in scales:
        image = halved_often(image, scale.level - level)
        level = scale.level
        places = [tuple(on(at, level) for at in inside) for level in scale.levels]
        for strip in strips_of(scale, image, sections, inside):
            _, z, top, left = strip.place
            for column, values in enumerate(strip.values, strip.column):
                y, x = places[column]
                above, below = max(top, y.start), min(top + len(values), y.stop)
                found[first + column][z - sections.start, above - y.start : below - y.start] = values[
                    above - top : below - top, x.start - left : x.stop - left
                ]
        first += len(scale.names)


def write_responses_at(
    scales: tuple[Scale, ...],
    image: NDArray[np.float32],
    places: tuple[NDArray[np.int64], ...],
    found: NDArray[np.float32],
) -> None:
    """Write the responses of scales at some pixels, strip by strip, so that no whole response is held.

    Parameters
    ----------
    scales : tuple of Scale
        The finest first.
    image : ndarray of float32, shape (z, y, x)
        It starts at the alignment of all scales.
    places : tuple of three ndarray of int64
        Where the pixels are in it.
    found : ndarray of float32, shape (columns, pixels)
        Is filled.
    """
    (z, y, x), height = places, image.shape[1]
    order = np.argsort(z * height + y, kind="stable")
    z, y, x = z[order], y[order], x[order]
    sections, *inside = (slice(int(at.min()), int(at.max()) + 1) for at in (z, y, x))
    row, level, first = z * height + y, 0, 0
    for scale in scales:
        image = halved_often(image, scale.level - level)
        level = scale.level
        for strip in strips_of(scale, image, sections, (inside[0], inside[1])):
            on_level, section, top, left = strip.place
            ends = (top << on_level, min(height, top + len(strip.values[0]) << on_level))
            begin, end = np.searchsorted(row, [section * height + at for at in ends])
            some = order[begin:end]
            at = (y[begin:end] >> on_level) - top, (x[begin:end] >> on_level) - left
            for column, values in enumerate(strip.values, first + strip.column):
                found[column, some] = values[at]
        first += len(scale.names)


def halved_often(image: NDArray[np.float32], times: int) -> NDArray[np.float32]:
    """Return an image (z, y, x) so many levels up the pyramid."""
    for _ in range(times):
        image = halved(image)
    return image


def on(at: slice, level: int) -> slice:
    """Return the pixels of a level that some pixels lie in."""
    return slice(at.start >> level, ((at.stop - 1) >> level) + 1)


def _of_section(
    scale: Scale, section: NDArray[np.float32], z: int, start: tuple[int, ...], wanted: slice
) -> Iterator[Strip]:
    """Yield the responses to a section of which the first pixel is at `start`; the rows are those `wanted`."""
    level, sigma, image = scale.level, scale.sigma_on_level, section[None]
    top, left = (at >> level for at in start)
    mean = np.empty_like(image)
    done, kept = 0, np.empty((0, section.shape[1]), np.float32)
    for rows in _strips(_within(on(wanted, level), top, len(section)), section.shape[1]):
        # differences take the mean one row farther: the deviation found there waits for the next strip
        these, needed = (rows.start, rows.stop), min(rows.stop + 1, len(section))
        mean[:, done:needed], deviation = local_mean_and_std(image, sigma, (done, needed))
        deviations, done = np.concatenate([kept, deviation[0]])[rows.start - needed :], needed
        kept = deviations[rows.stop - rows.start :]
        values = (mean[0, rows], *_first(gradient_and_laplacian(mean, these)), deviations[: rows.stop - rows.start])
        if scale.eigenvalues:
            values += _first(hessian_eigenvalues(mean, sigma, these))
        yield Strip(0, (level, z, top + rows.start, left), values)
    if scale.eigenvalues:
        mean[:, done:], _ = local_mean_and_std(image, sigma, (done, len(section)))
        coarse = scale.levels[-1]
        top, left = (at >> coarse for at in start)
        tensor = StructureTensor(mean[0], sigma, coarse=coarse > level)
        for rows in _strips(_within(on(wanted, coarse), top, tensor.shape[0]), tensor.shape[1]):
            values = tensor.eigenvalues((rows.start, rows.stop))
            yield Strip(6, (coarse, z, top + rows.start, left), values)


def _first(volumes: tuple[NDArray[np.float32], ...]) -> tuple[NDArray[np.float32], ...]:
    """Return the only section of each volume."""
    return tuple(volume[0] for volume in volumes)


def _within(rows: slice, top: int, height: int) -> slice:
    return slice(rows.start - top, min(rows.stop - top, height))


def _strips(rows: slice, width: int) -> Iterator[slice]:
    high = max(1, STRIP // width)
    for top in range(rows.start, rows.stop, high):
        yield slice(top, min(top + high, rows.stop))
