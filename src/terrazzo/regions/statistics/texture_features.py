"""What texture a region has, beside the filter responses of `scale_space`; in a volume, section by section."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters import gaussian, radius
from terrazzo.kernels.measures.texture import PATTERNS, coherence, contrast, local_binary_patterns
from terrazzo.regions.statistics.statistic import Regions, Statistic

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
