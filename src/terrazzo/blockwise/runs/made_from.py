"""What a result is made from: remembered with it, so that a run goes on only where all of it is the same."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dask.base import tokenize

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.errors import InputError
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.image import Image
from terrazzo.io.readers.selection import select_text
from terrazzo.io.results.new_result import check_writable
from terrazzo.io.results.result import Result, is_result, open_result
from terrazzo.models.fitted_model import FittedModel
from terrazzo.version import __version__

# whose arithmetic decides a bit of the result
PACKAGES = ("numpy", "numba", "torch", "dgl")
OPAQUE = {"content": "content of the image", "mask_content": "content of the mask", "model": "model"}


def made_from(
    model: FittedModel, image: Image, mask: MaskLike | None, grid: BlockGrid, probabilities: bool = False
) -> dict[str, Any]:
    """Return, as values of JSON, all that decides a result. No pixel of an image is read; an array is hashed.

    Raises
    ------
    InputError
        If the image or the mask is no longer there.
    """
    found = {
        "image": image.path,
        "level": image.level,
        "axes": image.stored.axes,
        **({"selected": image.stored.selected} if image.stored.selected else {}),
        "shape": image.shape,
        "dtype": str(image.dtype),
        "content": content_stamp(image.stored),
        **_mask(mask),
        "model": model.fingerprint(),
        "colours": model.colours,
        **model.named_parameters(),
        "block_cells": grid.block_cells,
        "probabilities": probabilities,
        "versions": {"terrazzo": __version__, **{name: _version(name) for name in PACKAGES}},
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def started_result(path: str | Path, wanted: dict[str, Any]) -> Result | None:
    """Return the result at a path that was begun from the same, finished or not; None if nothing is there to keep.

    Raises
    ------
    InputError
        If something else is there, or a result that is made from something else and not given up; the message names
        what differs.
    """
    if not Path(path).exists():
        return None
    if not is_result(path):
        check_writable(path, overwrite=False)
    result = open_result(path)
    differences = _differences(result.run["made_from"], wanted)
    if differences and result.is_given_up:
        return None
    if differences:
        raise InputError(
            f"'{path}' exists and was not made from this: {', '.join(differences)}; give the same as then, choose "
            "another path or add --overwrite"
        )
    return result


def has_given_up(path: str | Path) -> bool:
    """Whether a result is at a path whose run has given up, so that another may take its place."""
    return is_result(path) and open_result(path).is_given_up


def _mask(mask: MaskLike | None) -> dict[str, Any]:
    if mask is None:
        return {"mask": None, "mask_content": None}
    if isinstance(mask, Image):
        selected = f" {select_text(mask.stored.selected)}" if mask.stored.selected else ""
        content = f"{mask.level} {mask.stored.axes}{selected} {content_stamp(mask.stored)}"
        return {"mask": mask.path, "mask_content": content}
    return {"mask": "a function" if callable(mask) else "an array", "mask_content": tokenize(mask)}


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    before, after = _flat(then), _flat(now)
    return [
        f"the {OPAQUE[name]} has changed" if name in OPAQUE else _difference(name, before.get(name), value)
        for name, value in after.items()
        if name not in before or before[name] != value
    ]


def _difference(name: str, then: object, now: object) -> str:
    if then is None:
        return f"there was no {name} and now it is {now}"
    return f"{name} was {then} and " + (f"now there is no {name}" if now is None else f"is {now}")


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat
