"""What a result holds as layers: classes, superpixels and their outlines, probabilities and how unsure they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.levels.level_arrays import SPATIAL_AXES
from terrazzo.io.results.result import CLASSES, PROBABILITIES, SUPERPIXELS, Result
from terrazzo.palette import class_colours
from terrazzo.regions.classes.annotation import CERTAIN
from terrazzo.viewing.kept_windows import Window
from terrazzo.viewing.layer import Layer
from terrazzo.viewing.shown_level import ShownLevel, served_side

OPACITY = 0.4
# Outlines of cells of fewer pixels of a level would cover it.
FEWEST_PIXELS = 4

EIGHT_BITS: np.dtype[Any] = np.dtype(np.uint8)

Change: TypeAlias = Callable[[zarr.Array[Any], Window], NDArray[Any]]


def result_layers(result: Result, base: Sequence[float]) -> list[Layer]:
    """Return the layers of a finished result, classes first.

    Parameters
    ----------
    result : Result
    base : sequence of float
        How many pixels of the image lie from one pixel of the result to the next, along each axis.
    """
    of_superpixels, of_probabilities = (_outlines, _superpixels), (_probabilities, _uncertainty)
    makers = {CLASSES: (_classes,), PROBABILITIES: of_probabilities, SUPERPIXELS: of_superpixels}
    return [make(result, base) for key, several in makers.items() if key in result.images for make in several]


def _classes(result: Result, base: Sequence[float]) -> Layer:
    names = tuple(result.run["class_names"])
    colours = {str(value): colour for value, colour in enumerate(_colours(result), 1)}
    # neuroglancer shows no segment 0: values are one higher, and 255, no class, becomes 0
    shown = {
        "type": "segmentation",
        "tab": "segments",
        "selectedAlpha": OPACITY,
        "notSelectedAlpha": 0,
        "hoverHighlight": False,
        "segments": list(colours),
        "segmentColors": colours,
    }
    levels = _levels(result, CLASSES, base, lambda array, window: _read(array, window) + np.uint8(1))
    return Layer("classes", _axes(result), levels, shown, segment_names=names)


def _probabilities(result: Result, base: Sequence[float]) -> Layer:
    colours, last = _colours(result), result.probabilities
    terms = [f"vec3({_parts(colour)}) * toNormalized(getDataValue({plane}))" for plane, colour in enumerate(colours)]
    sums = [f"  if (only == 0 || only == {number}) sum += {term};\n" for number, term in enumerate(terms, 1)]
    shader = (
        f"// 0: all classes, each in its colour; else one of them, from 1\n"
        f"#uicontrol int only slider(min=0, max={last}, default=0)\n"
        f"void main() {{\n  vec3 sum = vec3(0.0);\n{''.join(sums)}  emitRGB(sum);\n}}\n"
    )
    levels = _levels(result, PROBABILITIES, base, _read, planes=last)
    return Layer("probabilities", f"c{_axes(result)}", levels, _picture(shader, 0.6))


def _uncertainty(result: Result, base: Sequence[float]) -> Layer:
    levels = _levels(result, PROBABILITIES, base, partial(_unsure, result.probabilities))
    return Layer("uncertainty", _axes(result), levels, _picture(_in_one_colour("#ffff00"), 0.8))


def _outlines(result: Result, base: Sequence[float]) -> Layer:
    coarsest = min(result.grid.lattice.size[-2:]) / FEWEST_PIXELS
    factors = result.pyramid.factors
    drawn = sum(max(steps[-2:]) <= coarsest for steps in factors)
    levels = _levels(result, SUPERPIXELS, base, _outlined)
    blank = [level.blank() for level in levels[drawn:]]
    return Layer("outlines", _axes(result), (*levels[:drawn], *blank), _picture(_in_one_colour("#ffffff"), 0.8))


def _superpixels(result: Result, base: Sequence[float]) -> Layer:
    levels = _levels(result, SUPERPIXELS, base, _read, dtype=result.grid.lattice.dtype)
    shown = {"type": "segmentation", "tab": "segments", "selectedAlpha": OPACITY, "visible": False}
    return Layer("superpixels", _axes(result), levels, shown)


def _levels(
    result: Result,
    key: str,
    base: Sequence[float],
    change: Change,
    dtype: np.dtype[Any] = EIGHT_BITS,
    planes: int = 0,
) -> tuple[ShownLevel, ...]:
    pyramid, lead = result.pyramid, (planes,) if planes else ()
    axes = len(pyramid.extent)
    found = []
    for number, (factors, extent) in enumerate(zip(pyramid.factors, pyramid.shapes, strict=True)):
        array = zarr.open_array(f"{result.path}/{key}/{number}", mode="r")
        side = tuple(map(min, pyramid.chunk, extent))
        chunk = served_side((*lead, *side), axes)
        steps = tuple(factor * step for factor, step in zip(factors, base, strict=True))
        found.append(ShownLevel((*lead, *extent), dtype, steps, chunk, partial(change, array)))
    return tuple(found)


def _read(array: zarr.Array[Any], window: Window) -> NDArray[Any]:
    with reported_as_input_error(str(array.store_path), "read"):
        return np.asarray(array[window])


def _unsure(planes: int, array: zarr.Array[Any], window: Window) -> NDArray[np.uint8]:
    """Return 255 less the margin between the likeliest class and the next; 0 where there are no probabilities."""
    values = _read(array, (slice(0, planes), *window))
    ordered = np.sort(values, axis=0) if planes > 1 else np.concatenate([np.zeros_like(values), values])
    margin = ordered[-1] - ordered[-2]
    return np.where(ordered[-1] > 0, np.uint8(CERTAIN) - margin, np.uint8(0))


def _outlined(array: zarr.Array[Any], window: Window) -> NDArray[np.uint8]:
    """Return 255 where the pixel before along y or x has another label, else 0."""
    *sections, rows, columns = window
    before = [slice(max(0, part.start - 1), part.stop) for part in (rows, columns)]
    labels = _read(array, (*sections, *before))
    edges = np.zeros(labels.shape, np.bool_)
    edges[..., 1:, :] |= labels[..., 1:, :] != labels[..., :-1, :]
    edges[..., 1:] |= labels[..., 1:] != labels[..., :-1]
    skipped = [part.start - start.start for part, start in zip((rows, columns), before, strict=True)]
    return np.where(edges[..., skipped[0] :, skipped[1] :], np.uint8(255), np.uint8(0))


def _picture(shader: str, opacity: float) -> dict[str, Any]:
    look = {"opacity": opacity, "shader": shader, "codeVisible": False}
    return {"type": "image", "tab": "rendering", "visible": False, **look}


def _in_one_colour(colour: str) -> str:
    return (
        f'#uicontrol vec3 colour color(default="{colour}")\n'
        "void main() {\n  float value = toNormalized(getDataValue());\n"
        # of the undermost layer the browser sees no opacity, so that the colour fades as well
        "  emitRGBA(vec4(colour * sqrt(value), value));\n}\n"
    )


def _parts(colour: str) -> str:
    return ", ".join(f"{part / 255:.4f}" for part in bytes.fromhex(colour.lstrip("#")))


def _colours(result: Result) -> list[str]:
    run = result.run
    return class_colours(len(run["class_names"]), run["made_from"].get("colours", ()))


def _axes(result: Result) -> str:
    return SPATIAL_AXES[len(result.grid.lattice.shape)]
