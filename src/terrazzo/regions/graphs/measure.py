"""Measure the regions of a block: which pixels that takes, and the table of all statistics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.kernels.measures.run_sums import Runs
from terrazzo.ledger import stage
from terrazzo.regions.statistics.statistic import FeatureSet, Regions, column_names
from terrazzo.regions.superpixels.single_precision import MOST, is_within, single_precision, usable


def measured_window(pixels: Box, extent: tuple[int, ...], features: FeatureSet) -> Box:
    """Return the pixels of the image that measuring the regions and edges inside a box of `pixels` depends on."""
    reach = max((1, *(statistic.radius for statistic in features)))
    multiple = math.lcm(*(statistic.alignment for statistic in features))
    margins = (1, reach, reach)[-len(extent) :]  # along z a region is seen with no surroundings
    around = pixels.grown(margins, extent)
    section = Box(around.start[-2:], around.stop[-2:]).aligned(multiple)
    return Box(around.start[:-2] + section.start, around.stop)


def finite_pixels(image: NDArray[Any], window: Box, mask: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Return the pixels of `window` in single precision; outside a mask what is not finite, or huge, reads as 0.

    Raises
    ------
    InputError
        If a pixel inside the mask is not finite, or larger than 1e36; without a mask, if any is.
    """
    if mask is None:
        return single_precision(image, window)
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(image, dtype=np.float32)
    if is_within(single, MOST):
        return single
    return single_precision(np.where(usable(single) | mask, image, 0), window)


def labelled_pixels(labels: NDArray[np.integer[Any]], box: Box, window: Box) -> NDArray[np.bool_]:
    """Return which pixels of `window` have a label in `box`: outside it other blocks know."""
    both = Box(tuple(map(max, box.start, window.start)), tuple(map(min, box.stop, window.stop)))
    labelled = np.zeros(window.shape, np.bool_)
    labelled[both.within(window)] = labels[both.within(box)] != 0
    return labelled


def measure(
    image: NDArray[np.float32],
    window: Box,
    index: NDArray[np.int32],
    pixels: Box,
    area: NDArray[np.int64],
    features: FeatureSet,
) -> NDArray[np.float32]:
    """Return all statistics of a feature set, one row per region.

    Parameters
    ----------
    image : ndarray of float32, shape (c, y, x) or (c, z, y, x)
        The pixels of `window`.
    window : Box
        What `measured_window` gives.
    index : ndarray of int32, shape (y, x) or (z, y, x)
        The region of each of `pixels`, counted from 0; -1 is none.
    pixels : Box
        The pixels of the regions.
    area : ndarray of int64, shape (N,)
        The regions' pixels.
    features : FeatureSet
        What is measured.
    """
    table = np.empty((area.size, len(column_names(features, len(image)))), np.float32)
    if area.size == 0:
        return table
    wide = np.full(window.shape, -1, np.int32)
    wide[pixels.within(window)] = index
    with stage("pool"):
        inside = pixels.as_volume.within(window.as_volume)
        start = tuple(along.start for along in inside)
        runs = Runs.of(index.reshape(pixels.as_volume.shape), start)
    column = 0
    for statistic in features:
        for part in image if statistic.per_channel else [image]:
            width = len(statistic.columns)
            with stage(statistic.name):
                table[:, column : column + width] = statistic.measure(Regions(part, wide, area, window.start, runs))
            column += width
    return table
