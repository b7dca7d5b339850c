"""By which factor must an image be divided to be like those seen, and which two common scales differ by it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terrazzo.regions.intensities.compared_channel import EXPOSURE, ComparedChannel

FACTORS = 2.0 ** (np.arange(-160, 161) / 8)
AS_GOOD = 0.02
"""Factors that bring an image so much closer or less close than the best are as good."""

FULL = (255.0, 4095.0, 65535.0)


def likely_scale(
    channels: Sequence[ComparedChannel], dtype: str, seen_dtypes: Sequence[str], most_outside: float
) -> tuple[float, str | None] | None:
    """Return the factor that brings all channels among those seen, and its cause; None if there is no such factor.

    The cause is None where no common mistake explains the factor.

    Parameters
    ----------
    channels : sequence of ComparedChannel
    dtype : str
        Of the image.
    seen_dtypes : sequence of str
    most_outside : float
        How far outside the level may lie, see `ComparedChannel.level_outside`.
    """
    worst = np.max([one.level_outside(FACTORS) for one in channels], axis=0)
    if worst.min() > most_outside:
        return None
    good = FACTORS[worst <= max(worst.min(), 0) + AS_GOOD]
    factor = float(np.exp(np.log(good).mean()))
    highest = max(one.own.quantiles[-1] for one in channels), max(one.seen.highest.quantiles[-1] for one in channels)
    common = _common_ratios(np.dtype(dtype), [np.dtype(name) for name in seen_dtypes], *highest)
    ratios = [ratio for ratio in common if good.min() / EXPOSURE <= ratio <= good.max() * EXPOSURE]
    if not ratios:
        return factor, None
    closest = min(ratios, key=lambda ratio: abs(np.log(ratio / factor)))
    return closest, common[closest]


def _common_ratios(dtype: np.dtype, seen: Sequence[np.dtype], own: float, theirs: float) -> dict[float, str]:
    """Return by how many times intensities differ where one of two common mistakes was made, and which it is.

    Of what goes from 0 to 1 nothing is above: `own` and `theirs` are the highest intensities.
    """
    if any(one.kind == "f" for one in (dtype, *seen)):
        larger = {end: f"0 to {end:.0f} in place of 0 to 1" for end in FULL if theirs <= 1}
        return larger | {1 / end: f"0 to 1 in place of 0 to {end:.0f}" for end in FULL if own <= 1}
    from_8_bits = min(one.itemsize for one in (dtype, *seen)) == 1
    depths = {16.0: (12, 8) if from_8_bits else (16, 12), 257.0: (16, 8)}
    larger = {times: f"{more} bits in place of {fewer}" for times, (more, fewer) in depths.items()}
    return larger | {1 / times: f"{fewer} bits in place of {more}" for times, (more, fewer) in depths.items()}
