"""Are the images of one fit on one intensity scale? A sentence that names those that are not, or none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from terrazzo.regions.intensities.image_intensities import ImageIntensities
from terrazzo.wording import listed, readable_number

GAP = 6.0
"""No two neighbours among images of one set, in the order of brightness, differ so much: in six sets by 1.3 times."""


def unequal_scales(images: Sequence[ImageIntensities | None], names: Sequence[str]) -> str | None:
    """Return which images are many times as bright as the others, with nothing in between; None if there are none.

    Of two groups the smaller one is named. An image that is dark as a whole tells nothing of its scale.

    Parameters
    ----------
    images : sequence of ImageIntensities or None
    names : sequence of str
        What each is called.
    """
    scales = [0.0 if image is None else _scale(image) for image in images]
    order = [place for place in np.argsort(scales, kind="stable").tolist() if scales[place] > 0]
    steps = [scales[high] / scales[low] for low, high in itertools.pairwise(order)]
    if not steps or max(steps) < GAP:
        return None
    cut = int(np.argmax(steps)) + 1
    darker, brighter = order[:cut], order[cut:]
    few, others = (brighter, darker) if len(brighter) <= len(darker) else (darker, brighter)
    ratio = math.exp(np.mean(np.log([scales[i] for i in few])) - np.mean(np.log([scales[i] for i in others])))
    times = f"{_rounded(ratio)} times" if ratio > 1 else f"1/{_rounded(1 / ratio)}"
    types = [" and ".join(sorted({image.dtype for i in group if (image := images[i])})) for group in (few, others)]
    kinds = f"all {types[0]}" if types[0] == types[1] else f"{types[0]}, and {types[1]}"
    return (
        f"{listed([names[place] for place in sorted(few)])} {'is' if len(few) == 1 else 'are'} about {times} as bright "
        f"as the other images of this fit ({kinds}): bring all of them to one intensity scale"
    )


def _scale(image: ImageIntensities) -> float:
    """Return the root of the mean square of the brightest channel."""
    return float(np.sqrt(np.square(image.levels).mean(axis=1)).max())


def _rounded(ratio: float) -> str:
    return readable_number(float(f"{ratio:.2g}"))
