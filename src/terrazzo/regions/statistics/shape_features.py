"""What shape a region has, and where it lies: statistics of its pixels alone, whatever the image holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.measures.moments import offsets
from terrazzo.kernels.measures.shape import SHAPE_COLUMNS, shapes
from terrazzo.regions.statistics.statistic import Regions, Statistic


def _shape(regions: Regions) -> NDArray[np.float32]:
    return shapes(regions.as_volume.index, regions.area, regions.index.ndim).astype(np.float32)


def _position(regions: Regions) -> NDArray[np.float32]:
    volume, area = regions.as_volume, regions.area[:, None]
    # whole numbers until the division: the same bits wherever the block starts
    summed = offsets(volume.index, np.zeros((area.size, 3), np.int64)) + area * np.array(volume.origin)
    position: NDArray[np.float32] = (summed / area).astype(np.float32)
    return position


SHAPE = Statistic("shape", SHAPE_COLUMNS, _shape, per_channel=False)
POSITION = Statistic("position", ("centroid_z", "centroid_y", "centroid_x"), _position, per_channel=False)
