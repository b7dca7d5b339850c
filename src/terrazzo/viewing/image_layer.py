"""An image as a layer: its stored levels, coarser ones made of the last, and colours for its channels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import Level, levels_of
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.images.stored_level import at_level
from terrazzo.io.readers.axes import RGB
from terrazzo.viewing.kept_windows import InWindows, KeptWindows, Read, Window
from terrazzo.viewing.layer import Layer
from terrazzo.viewing.shown_level import ShownLevel, read_side, served_side, shown_type, steps_between, with_coarser

# More channels are looked at one by one.
MOST_BLENDED = 6
COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#00ffff", "#ff00ff", "#ffff00")
# Percent of the values between which intensities go from black to full.
DARKEST, BRIGHTEST = 0.1, 99.9


def image_layer(image: Image, kept: KeptWindows) -> Layer:
    """Return the layer of an image; unless its colours are of 8 bits some of it is read, for a first range."""
    blended = len(image.channels) <= MOST_BLENDED
    stored = [_stored_level(image, level, blended, kept) for level in shown_levels(image)]
    levels = (*stored[:-1], *with_coarser(stored[-1], kept))
    shader = _shader(image, stored[-1]) if blended else _one_by_one(stored[-1])
    shown = {"type": "image", "tab": "rendering", "opacity": 1, "codeVisible": False, "shader": shader}
    if blended:
        return Layer("image", f"c{image.axes}", levels, shown)
    return Layer("image", f"c{image.axes}", levels, shown | {"localPosition": [0]}, channel_axis="'")


def shown_levels(image: Image) -> list[Level]:
    """Return the level that is open and those after it that are smaller, each than the one before."""
    found: list[Level] = []
    for level in levels_of(image):
        coarser = found and max(level.extent) < max(found[-1].extent) and min(level.extent)
        if level.number == image.level or coarser:
            found.append(level)
    return found


def _stored_level(image: Image, level: Level, blended: bool, kept: KeptWindows) -> ShownLevel:
    stored = image.stored if level.number == image.level else at_level(image.stored, level.number)
    axes = len(image.axes)
    # what lies together in the file is decoded together
    together = stored.shape[0] if blended or stored.axes.endswith("c") else 1
    unit = (together, *(level.stored_chunks or (1,) * axes))
    dtype = shown_type(stored.dtype)
    side = read_side(stored.shape, unit, axes, stored.dtype.itemsize)
    chunk = (stored.shape[0] if blended else 1, *served_side(side, axes)[1:])
    read: Read = _Shown(stored, dtype)
    if side != chunk:
        read = InWindows(read, stored.shape, side, dtype, kept)
    return ShownLevel(stored.shape, dtype, steps_between(image.extent, stored.shape[1:]), chunk, read)


class _Shown:
    """Reads windows in the type that is shown."""

    def __init__(self, stored: StoredArray, dtype: np.dtype[Any]) -> None:
        self.stored, self.dtype = stored, dtype

    def __call__(self, window: Window) -> NDArray[Any]:
        return self.stored[window].astype(self.dtype, copy=False)


def _shader(image: Image, coarsest: ShownLevel) -> str:
    """Return how channels become a colour: each has a range, a colour and a box to tick, where there are several."""
    if tuple(name.lower() for name in image.channels) == RGB and coarsest.dtype == np.uint8:
        parts = ", ".join(f"toNormalized(getDataValue({channel}))" for channel in range(3))
        return f"void main() {{\n  emitRGB(vec3({parts}));\n}}\n"
    ranges = _ranges(coarsest)
    if len(ranges) == 1:
        return _grey(ranges[0])
    words, lines = _words(image.channels), []
    for channel, (word, span) in enumerate(zip(words, ranges, strict=True)):
        lines.append(f"#uicontrol bool show_{word} checkbox(default=true)\n")
        lines.append(f'#uicontrol vec3 colour_{word} color(default="{COLOURS[channel]}")\n')
        lines.append(_range(f"range_{word}", span, channel))
    added = "".join(f"  if (show_{word}) sum += colour_{word} * range_{word}();\n" for word in words)
    return "".join(lines) + "void main() {\n  vec3 sum = vec3(0.0);\n" + added + "  emitRGB(sum);\n}\n"


def _one_by_one(coarsest: ShownLevel) -> str:
    """Return how one of many channels is shown: all in the same range."""
    known = [span for span in _ranges(coarsest) if span is not None]
    return _grey((min(low for low, _ in known), max(high for _, high in known)) if known else None)


def _grey(span: tuple[float, float] | None) -> str:
    return f"{_range('range', span)}void main() {{\n  emitGrayscale(range());\n}}\n"


def _range(name: str, span: tuple[float, float] | None, channel: int | None = None) -> str:
    settings = [] if channel is None else [f"channel={channel}"]
    if span is not None:
        values = f"[{span[0]:.9g}, {span[1]:.9g}]"
        settings += [f"range={values}", f"window={values}"]
    return f"#uicontrol invlerp {name}({', '.join(settings)})\n"


def _words(channels: tuple[str, ...]) -> list[str]:
    """Return names as the language of shaders takes them, and numbers where two would be the same."""
    words = [re.sub("[^A-Za-z0-9]+", "_", name).strip("_") for name in channels]
    return words if all(words) and len(set(words)) == len(words) else [str(number) for number in range(len(channels))]


def _ranges(level: ShownLevel) -> list[tuple[float, float] | None]:
    """Return for each channel from where to where its intensities go, by some windows; None where all are equal."""
    # loads the kernels, which showing a slide does without
    from terrazzo.regions.superpixels.intensity_scale import scale_windows

    windows = [level.read((slice(0, level.shape[0]), *box.slices)) for box in scale_windows(level.extent)]
    values = np.concatenate([window.reshape(level.shape[0], -1) for window in windows], axis=1)
    return [_range_of(channel) for channel in values]


def _range_of(values: NDArray[Any]) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = np.percentile(known, (DARKEST, BRIGHTEST))
    if known.dtype.kind in "ui":
        low, high = np.floor(low), np.ceil(high)
    return (float(low), float(high)) if low < high else None
