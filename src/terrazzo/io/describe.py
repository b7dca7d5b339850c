"""What a path is: an image, shapes, a result, a folder of results or a model, with what there is to say of it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.annotations.drawn_array import opened_drawing
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import levels_of
from terrazzo.io.images.open_image import Lengths, open_image
from terrazzo.io.readers.axes import IMAGE_AXES
from terrazzo.io.readers.formats import is_drawn
from terrazzo.io.readers.location import inside_file, is_pattern, is_url
from terrazzo.io.readers.selection import Select, select_text
from terrazzo.io.results.result import RUN, Result, open_result
from terrazzo.regions.outlines.drawing import UNCLASSED
from terrazzo.regions.superpixels.intensity_scale import known_scale, scale_moments, scale_windows
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

# that people wait for when they ask what a file is
MOST_DECODED = 2**27


def describe(
    path: str | os.PathLike[str],
    *,
    level: int = 0,
    axes: str | None = None,
    pixel_size: Lengths | None = None,
    calibration: Lengths | None = None,
    select: Select | None = None,
) -> dict[str, Any]:
    """Return what is at `path` as plain values, the kind ("image", "shapes", "result", "results" or "model") first.

    Parameters
    ----------
    path : path
        An image as for `open_image`, shapes as for `open_annotation`, a result, a folder of results or a model.
    level, axes, pixel_size, calibration, select
        As for `open_image`, if it is an image.

    Raises
    ------
    InputError, ModelError
        If nothing is there, or it can be none of these.
    """
    target = Path(path)
    sizes: dict[str, Any] = {"pixel_size": pixel_size, "calibration": calibration}
    opened = partial(open_image, path, level=level, axes=axes, select=select, **sizes)
    if is_url(path) or is_pattern(path) or inside_file(target):
        return {"kind": "image"} | _image(opened())
    if not target.exists():
        raise InputError(f"there is nothing at '{path}'; give an image, a result or a model")
    if (target / RUN).is_file():
        return {"kind": "result", "path": str(target)} | _result(open_result(target))
    if target.is_dir() and any(target.glob(f"[!.]*/{RUN}")):
        return {"kind": "results", "path": str(target), "results": _results(target)}
    if target.suffix == ".safetensors":
        return {"kind": "model", "path": str(target)} | _model(target)
    if is_drawn(target):
        return {"kind": "shapes", "path": str(target)} | _shapes(target)
    return {"kind": "image"} | _image(opened())


def _result(result: Result) -> dict[str, Any]:
    done = {name: len(result.finished(name)) for name in result.passes}
    run = result.run
    axes = "zyx"[-len(run["shape"]) :]
    lengths = {name: dict(zip(axes, run[name], strict=True)) for name in ("shape", "size", "block_cells")}
    notes = run.pop("notes", [])
    return run | lengths | {"blocks": len(result.grid), "finished_blocks": done} | ({"notes": notes} if notes else {})


def _results(folder: Path) -> dict[str, str]:
    """Say of each result in a folder whether it is finished."""
    found = {}
    for file in sorted(folder.glob(f"[!.]*/{RUN}")):
        result = open_result(file.parent)
        done = min(len(result.finished(name)) for name in result.passes)
        found[file.parent.name] = "finished" if result.run["finished"] else f"{done} of {len(result.grid)} blocks"
    return found


def _shapes(path: Path) -> dict[str, Any]:
    """Say which classes were drawn, how many shapes each has, and where: in pixels of the full resolution."""
    drawing = opened_drawing(path.absolute(), path.stat().st_mtime_ns, (1.0, 1.0))
    if not len(drawing):
        return {"shapes": {}}
    drawn = {name: np.unique(drawing.shapes[drawing.classes == index]).size for index, name in enumerate(drawing.names)}
    unclassed = np.unique(drawing.shapes[drawing.classes == UNCLASSED]).size
    lowest, highest = drawing.boxes[:2].min(axis=1).tolist(), drawing.boxes[2:].max(axis=1).tolist()
    return {
        "shapes": drawn | ({"without a class": unclassed} if unclassed else {}),
        "colours": drawing.colours,
        "extent": {"y": [lowest[0], highest[0]], "x": [lowest[1], highest[1]]},
    }


def _model(path: Path) -> dict[str, Any]:
    from terrazzo.io.model_file import open_model, read_header  # load torch, which images and results do without

    model, header = open_model(path), read_header(path)
    return {
        "classes": dict(zip(model.class_names, model.colours, strict=True)),
        "channels": model.channels,
        "axes": "zyx"[-model.axes :],
        "pixel_size": model.pixel_size,
        "pixel_unit": model.pixel_unit,
        **model.described(),
        "fitted": model.fitted,
        "fitted_on": None if model.seen is None else model.seen.text(),
        "versions": {"terrazzo": header["version"], "format": header["format"]},
    }


def _intensity_scale(image: Image) -> float | None:
    """Return the intensity difference that superpixels take for 1; None where it is not cheap to read the windows."""
    stored = image.stored
    if is_url(image.path) or stored.kind == "stack":
        return None
    with suppress(InputError):
        cost, windows = decoding(stored), scale_windows(image.extent)
        if max(cost.held, cost.chunk * len(windows)) <= MOST_DECODED:
            every = (stored[(slice(None), *box.slices)] for box in windows)
            return known_scale([scale_moments(window, None, SuperpixelParameters()) for window in every])
    return None


def _image(image: Image) -> dict[str, Any]:
    names = IMAGE_AXES[len(image.shape)]
    levels = levels_of(image)
    stored = next((level.stored_chunks for level in levels if level.number == image.level), None)
    return {
        "path": image.path,
        "format": image.stored.kind,
        "shape": dict(zip(names, image.shape, strict=True)),
        "dtype": str(image.dtype),
        "axes": image.stored.axes,
        **({"selected": select_text(image.stored.selected)} if image.stored.selected else {}),
        "channels": list(image.channels),
        "pixel_size": image.pixel_size,
        "pixel_unit": image.pixel_unit,
        "intensity_scale": _intensity_scale(image),
        "stored_chunks": dict(zip(image.axes, stored, strict=True)) if stored else None,
        "chunks": dict(zip(names, image.stored.chunks, strict=True)),
        "level": image.level,
        "levels": [
            {"level": level.number, "shape": list(level.extent), "pixel_size": level.pixel_size} for level in levels
        ],
    }
