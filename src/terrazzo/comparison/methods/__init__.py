"""The methods that can be compared: each is a module, and a module of yours is one more.

A module of a method has

- `TITLE`: its name in the report;
- `fit(assignment) -> model`;
- `write_model(model, path)` and `open_model(path)`;
- `write_prediction(model, image, path, device) -> Result | Image`: the classes of an image, on disk;
- `figures(model, prediction) -> Figures`: what it is made of; `prediction` is what `write_prediction` gave;

and may have `warm_up()`, which loads and compiles before the clock starts; `KINDS`, the dataclasses of its settings, by
which names are checked before anything runs, and which `assignment.values(*KINDS)` gives; and `shrinkable(assignment)`:
the settings, as they are for a fit, that are halved in turn where a GPU's memory is too small, such as a batch and a
patch.

A method may be compared with itself at other settings: what stands behind a colon, as in "unet:large", only tells
variants apart.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypedDict, cast

from terrazzo.comparison.assignment import Assignment
from terrazzo.errors import ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.settings import spread

METHODS = {name: f"terrazzo.comparison.methods.{name}" for name in ("lattice", "unet", "forest")}

ON_SUPERPIXELS = "lattice"
"""The method that is fitted at other sizes of superpixels as well."""

Shrinking = int | list[int]


class Figures(TypedDict):
    """What a fitted model is made of.

    Parameters
    ----------
    parameters : int
        Numbers that were fitted.
    multiply_adds_per_pixel : float or None
        Of the network, per pixel of the image; None of what is no network.
    note : str
        What the two figures count, in a few words.
    """

    parameters: int
    multiply_adds_per_pixel: float | None
    note: str


class Method(Protocol):
    """What a module of a method has; see above."""

    TITLE: str

    def fit(self, assignment: Assignment) -> Any: ...  # noqa: D102
    def write_model(self, model: Any, path: Path) -> None: ...  # noqa: D102
    def open_model(self, path: Path) -> Any: ...  # noqa: D102
    def write_prediction(self, model: Any, image: Image, path: Path, device: str) -> Result | Image: ...  # noqa: D102
    def figures(self, model: Any, prediction: Result | Image) -> Figures: ...  # noqa: D102


def find_method(name: str) -> Method:
    """Return the method of that name, or in the module of that dotted name, whatever its variant.

    Raises
    ------
    ParameterError
        If there is none.
    """
    module_name, colon, variant = name.partition(":")
    if module_name not in METHODS and "." not in module_name:
        raise ParameterError(
            f"there is no method '{name}'; choose among {', '.join(METHODS)}, or give the dotted name of a module"
        )
    if colon and not re.fullmatch(r"[\w-]+", variant):
        raise ParameterError(
            f"the method '{name}' has the variant '{variant}'; name it by letters, digits, - and _, as in 'unet:large'"
        )
    try:
        module: Any = importlib.import_module(METHODS.get(module_name, module_name))
    except (ImportError, TypeError, ValueError) as error:
        raise ParameterError(f"the method '{name}' cannot be imported: {error}") from error
    needed = ("TITLE", "fit", "write_model", "open_model", "write_prediction", "figures")
    missing = [part for part in needed if not hasattr(module, part)]
    if missing:
        raise ParameterError(f"the method '{name}' has no {missing[0]}; see terrazzo.comparison.methods")
    return cast(Method, module)


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Raise a ParameterError if there is no such method, or it has `KINDS` of settings and one is none of theirs."""
    kinds = getattr(find_method(name), "KINDS", None)
    if kinds is not None:
        spread(settings, *kinds)


def title_of(name: str) -> str:
    """Return what the report calls a method, its variant included."""
    title, variant = find_method(name).TITLE, name.partition(":")[2]
    return f"{title} ({variant})" if variant else title


def shrinkable(method: Method, assignment: Assignment) -> Mapping[str, Shrinking]:
    """Return the settings of a fit that need less memory when they are halved: numbers, or one per axis."""
    asked = getattr(method, "shrinkable", None)
    return {} if asked is None else cast("Mapping[str, Shrinking]", asked(assignment))
