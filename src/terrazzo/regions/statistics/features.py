"""What is measured on a region: a feature set is a tuple of statistics, and users add their own."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.filters import gaussian, radius
from terrazzo.kernels.measures.moments import offsets
from terrazzo.kernels.measures.quantiles import deciles
from terrazzo.kernels.measures.run_sums import means_and_stds
from terrazzo.kernels.measures.shape import SHAPE_COLUMNS, shapes
from terrazzo.kernels.measures.texture import PATTERNS, coherence, contrast, local_binary_patterns
from terrazzo.ledger import stage
from terrazzo.regions.statistics.response_strips import halved_often, strips_of
from terrazzo.regions.statistics.scale import Scale
from terrazzo.regions.statistics.statistic import FeatureSet as FeatureSet
from terrazzo.regions.statistics.statistic import Regions as Regions
from terrazzo.regions.statistics.statistic import Statistic as Statistic
from terrazzo.regions.statistics.statistic import column_names as column_names

_SIGMA = 2.0
_DISTANCES = (1, 2, 4)


def _texture(regions: Regions) -> NDArray[np.float32]:
    volume = regions.as_volume
    measured = (volume.image, volume.index, volume.area)
    smooth = gaussian(volume.image, (0.0, _SIGMA, _SIGMA))
    return np.column_stack(
        [
            local_binary_patterns(*measured),
            coherence(smooth, volume.index, volume.area.size),
            *(contrast(*measured, distance) for distance in _DISTANCES),
        ]
    )


TEXTURE = Statistic(
    "texture",
    (
        *(f"pattern{ones}" for ones in range(PATTERNS)),
        "coherence",
        *(f"contrast{distance}" for distance in _DISTANCES),
    ),
    _texture,
    radius=max(radius(_SIGMA) + 1, *_DISTANCES),
)


def _shape(regions: Regions) -> NDArray[np.float32]:
    return shapes(regions.as_volume.index, regions.area, regions.index.ndim).astype(np.float32)


def _position(regions: Regions) -> NDArray[np.float32]:
    volume, area = regions.as_volume, regions.area[:, None]
    # whole numbers until the division: the same bits wherever the block starts
    summed = offsets(volume.index, np.zeros((area.size, 3), np.int64)) + area * np.array(volume.origin)
    position: NDArray[np.float32] = (summed / area).astype(np.float32)
    return position


SHAPE = Statistic("shape", SHAPE_COLUMNS, _shape, per_channel=False)
POSITION = Statistic(
    "position", ("centroid_z", "centroid_y", "centroid_x"), _position, per_channel=False, directed=True
)


@cache
def scale_space(sigma: int) -> Statistic:
    """Return the filter responses at one scale, pooled to their mean and standard deviation over a region.

    They are the Gaussian, its gradient magnitude and Laplacian, and the Gaussian-weighted local standard deviation;
    see `Scale`.

    Parameters
    ----------
    sigma : int
        The Gaussian's standard deviation in pixels, a power of 2.
    """
    return _pooled(f"scale_space_{sigma}", Scale(sigma))


@cache
def scale_space_eigen(sigma: int) -> Statistic:
    """Return what `scale_space` does, and the eigenvalues of the Hessian and of the structure tensor, pooled.

    Take one of the two for a scale: the columns of the former are among those of the latter.

    Parameters
    ----------
    sigma : int
        The Gaussian's standard deviation in pixels, a power of 2.
    """
    return _pooled(f"scale_space_eigen_{sigma}", Scale(sigma, eigenvalues=True))


def _pooled(name: str, scale: Scale) -> Statistic:
    columns = tuple(f"{response}{scale.sigma}_{pooled}" for response in scale.names for pooled in ("mean", "std"))
    return Statistic(
        name,
        columns,
        partial(_pooled_responses, scale=scale),
        radius=scale.radius,
        alignment=scale.alignment,
        response_bytes=scale.response_bytes,
    )


def _pooled_responses(regions: Regions, scale: Scale) -> NDArray[np.float32]:
    regions = regions.as_volume
    runs = regions.found_runs
    sections, *inside = runs.box
    sums: dict[int, NDArray[np.float64]] = {}
    for strip in strips_of(scale, halved_often(regions.image, scale.level), sections, (inside[0], inside[1])):
        with stage("pool"):
            if strip.column not in sums:
                sums[strip.column] = np.zeros((regions.area.size, len(strip.values), 2), np.float64)
            runs.add(strip.values, strip.place, sums[strip.column])
    with stage("pool"):
        return np.concatenate([means_and_stds(sums[column], regions.area) for column in sorted(sums)], axis=1)


def _area(regions: Regions) -> NDArray[np.float32]:
    return regions.area.astype(np.float32)[:, None]


def _intensity(regions: Regions) -> NDArray[np.float32]:
    regions = regions.as_volume
    runs = regions.found_runs
    sums = np.zeros((regions.area.size, 1, 2), np.float64)
    for z in range(runs.box[0].start, runs.box[0].stop):
        runs.add((regions.image[z],), (0, z, 0, 0), sums)
    return means_and_stds(sums, regions.area)


def _deciles(regions: Regions) -> NDArray[np.float32]:
    return deciles(regions.image, regions.index, regions.area)


AREA = Statistic("area", ("area",), _area, per_channel=False)
INTENSITY = Statistic("intensity", ("mean", "std"), _intensity)
DECILES = Statistic("deciles", tuple(f"decile{tenth}" for tenth in range(1, 10)), _deciles)
SCALES = tuple(scale_space(sigma) for sigma in (1, 2, 4, 8, 16, 32, 64))
EIGEN_SCALES = tuple(scale_space_eigen(sigma) for sigma in (1, 2, 4, 8))
DEFAULT_FEATURES: FeatureSet = (AREA, INTENSITY, *SCALES[:5])

# What a bank of responses with eigenvalues has, pooled over regions.
LATTICE_FEATURES: FeatureSet = (AREA, INTENSITY, *EIGEN_SCALES)

# What a model file may name.
STATISTICS: FeatureSet = (AREA, INTENSITY, DECILES, *SCALES, SHAPE, TEXTURE, POSITION, *EIGEN_SCALES)


def statistic_named(name: str) -> Statistic:
    """Return the statistic of this package that has this name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    for statistic in STATISTICS:
        if statistic.name == name:
            return statistic
    raise ParameterError(f"there is no statistic {name!r} in this version of terrazzo; pass your own as features=…")
