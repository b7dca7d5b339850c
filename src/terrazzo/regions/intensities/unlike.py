"""Is an image unlike those that a model was fitted on, and what may be the cause? A sentence, or none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.intensities.compared_channel import EXPOSURE, ComparedChannel
from terrazzo.regions.intensities.distribution import PERCENTS, Distribution, Figures
from terrazzo.regions.intensities.image_intensities import ImageIntensities
from terrazzo.regions.intensities.likely_scale import likely_scale
from terrazzo.wording import from_to, readable_number

# Chosen on six sets of microscopy, by images left out of their own set: see docs/how-to/unlike-images.md.
LEVEL, SHAPE, TIMES = 0.3, 0.22, 2.8
"""How far outside an image may lie: in widths of what was seen, in shares of its own range, in times as much."""

FEW = 3.0
"""With n images these are 1 + FEW / n times as much, and EXPOSURE its root: few do not show how far others differ."""

AGREE, WORSE, CLOSE, NEAR = 0.12, 0.14, 0.03, 0.05
"""An image passes for inverted, though nothing else speaks against it, if the shapes seen agree up to AGREE, its own
lies outside of them by WORSE more than its mirror's, and its mirror by less than CLOSE, and NEAR in level."""

TOLD = [PERCENTS.index(percent) for percent in (1.0, 50.0, 99.0)]

SAME_SCALE = "bring them to the same scale, or fit a model on such images"

INVERTED = "its contrast seems to be inverted, bright where theirs are dark; invert it, or fit a model on such images"


def unlike(image: ImageIntensities, seen: Distribution) -> str | None:
    """Return in what an image lies outside what was seen, with the likely cause; None if it does not.

    It lies outside if no exposure up to 2.25 times longer or shorter brings the quantiles of each channel among those
    seen, if it is many times brighter, darker or of other contrast than all of them, or if its quartiles lie elsewhere
    in its own range. The fewer images were seen, the more is allowed.

    Parameters
    ----------
    image : ImageIntensities
    seen : Distribution
        With as many channels.
    """
    slack, channels = 1 + FEW / seen.images, _compared(image.levels, seen)
    background = image.dtype in seen.dtypes
    said = _outside(channels, slack, background=background)
    mirrored = _mirrored(image, seen)
    if said is None:
        return INVERTED if mirrored is not None and _is_mirrored(channels, mirrored) else None
    if mirrored is not None and _outside(mirrored, slack, background=False) is None:
        return INVERTED
    scale = likely_scale(channels, image.dtype, seen.dtypes, LEVEL * slack)
    if scale is None or 1 / EXPOSURE <= scale[0] <= EXPOSURE:
        return said
    times, cause = scale
    if cause is None:
        found = from_to(min(one.own.quantiles[0] for one in channels), max(one.own.quantiles[-1] for one in channels))
        return f"its intensities are on another scale: they are {found}, and theirs {seen.span()}; {SAME_SCALE}"
    much, remedy = (
        (f"{readable_number(times)} times", f"divide it by {readable_number(times)}")
        if times > 1
        else (f"1/{readable_number(1 / times)} of", f"multiply it by {readable_number(1 / times)}")
    )
    return f"its intensities are about {much} theirs, as of {cause}; {remedy}, or fit a model on such images"


def dtype_note(dtype: np.dtype, seen: Distribution) -> str | None:
    """Return what to say of an image of which only the type is known; None if it is one of those seen."""
    if dtype.name in seen.dtypes or (dtype.kind == "f" and any(np.dtype(name).kind == "f" for name in seen.dtypes)):
        return None
    return (
        f"the image is {dtype.name}, but the model was fitted on {' and '.join(seen.dtypes)}; make sure that its "
        "intensities are on the same scale, which a lazy prediction does not check"
    )


def _compared(levels: NDArray[np.float64], seen: Distribution) -> list[ComparedChannel]:
    pairs = zip(levels, seen.channels, strict=True)
    return [ComparedChannel(Figures.of(own), channel) for own, channel in pairs]


def _outside(channels: Sequence[ComparedChannel], slack: float, *, background: bool) -> str | None:
    """Return in what the first channel that does lies outside; what is empty does not, if that may be background."""
    for channel in channels:
        said = None if background and channel.is_blank else _channel_outside(channel, slack)
        if said is not None:
            return said
    return None


def _channel_outside(channel: ComparedChannel, slack: float) -> str | None:
    own, low, high = channel.own, channel.seen.lowest, channel.seen.highest
    if channel.is_beyond(Figures.magnitude, TIMES * slack):
        what = "brighter" if own.mean > high.mean else "darker"
        return f"it is {what}: its mean is {readable_number(own.mean)}, and theirs are {from_to(low.mean, high.mean)}"
    if channel.is_beyond(Figures.spread, TIMES * slack):
        what = "more" if own.deviation > high.deviation else "less"
        theirs = from_to(low.deviation, high.deviation)
        return f"it has {what} contrast: its deviation is {readable_number(own.deviation)}, and theirs are {theirs}"
    most = EXPOSURE * slack**0.5
    levels = channel.level_outside(np.geomspace(1 / most, most, 41))
    other_shape = channel.shape_outside() > SHAPE * slack and not channel.is_saturated
    return _quantile_text(channel) if other_shape or levels.min() > LEVEL * slack else None


def _quantile_text(channel: ComparedChannel) -> str:
    """Say how the tails and the median lie."""
    own, low, high = (one.quantiles for one in (channel.own, channel.seen.lowest, channel.seen.highest))
    found = [own[place] for place in TOLD]
    theirs = [from_to(low[place], high[place]) for place in TOLD]
    percents = _row([f"{PERCENTS[place]:g}" for place in TOLD])
    return (
        f"its intensities are distributed differently: at {percents} % of its pixels they are "
        f"{_row(list(map(readable_number, found)))}, and in theirs {_row(theirs)}"
    )


def _row(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _mirrored(image: ImageIntensities, seen: Distribution) -> list[ComparedChannel] | None:
    """Return the channels of the inverted image; None where it is not known in which range it was inverted."""
    dtype = np.dtype(image.dtype)
    if dtype.kind in "ui":
        end = float(np.iinfo(dtype).max)
    elif image.levels.min() >= 0 and image.levels.max() <= 1:
        end = 1.0
    else:
        return None
    return _compared(end - image.levels[:, ::-1], seen)


def _is_mirrored(channels: Sequence[ComparedChannel], mirrored: Sequence[ComparedChannel]) -> bool:
    """Whether an image that passes in all else is like those seen only once it is inverted."""
    shapes = [np.subtract(one.seen.highest.shape, one.seen.lowest.shape).max() for one in channels]
    own, other = (max(one.shape_outside() for one in those) for those in (channels, mirrored))
    levels = [float(one.level_outside(np.ones(1))[0]) for one in mirrored]
    return max(shapes) <= AGREE and own - other > WORSE and other < CLOSE and max(levels) < NEAR
