"""OME-NGFF metadata: what a multiscale image says of its levels, axes, pixel size and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terrazzo.errors import ParameterError
from terrazzo.pixel_size import in_one_unit
from terrazzo.regions.classes.annotation import CERTAIN, NOT_ANNOTATED

AXES_BEFORE_0_3 = "tczyx"
# of axes by their type, whatever they are called
LETTERS = {"channel": "c", "time": "t"}


@dataclass(frozen=True)
class Level:
    """One resolution of a multiscale image.

    Attributes
    ----------
    path : str
        The array, relative to the group of the image.
    axes : str
        One letter per axis, lower case; "?" for an axis with a longer name that is neither of channels nor of time.
    pixel_size : dict of float or None
        Along y and x, and along z where that has the same unit, in `pixel_unit`.
    pixel_unit : str or None
        Full English name of the unit.
    """

    path: str
    axes: str
    pixel_size: dict[str, float] | None
    pixel_unit: str | None


def multiscale(
    name: str,
    axes: str,
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str | None,
    factors: Mapping[str, Sequence[int]],
    *,
    origin: Sequence[float] | None = None,
    sampling: str = "nearest",
) -> dict[str, Any]:
    """Return an entry of "multiscales", as of 0.4 and 0.5.

    Parameters
    ----------
    name : str
        Of the image.
    axes : str
        One letter per axis, c first if there is one.
    pixel_size : tuple of float or None
        One entry per axis but c. Without it a pixel is 1 long and has no unit.
    pixel_unit : str or None
        Full English name of the unit.
    factors : mapping of str to sequence of int
        Per array, how many pixels of the finest level lie from one of its pixels to the next, one entry per axis but c.
    origin : sequence of float, optional
        Where the first pixel of the finest level lies, in `pixel_unit`; by default at 0.
    sampling : {"nearest", "mean"}
        Whether a pixel of a coarser level is the first of those that it covers, or their mean, in their middle.

    Raises
    ------
    ParameterError
        If `pixel_size` has not one entry per axis but c.
    """
    unit = {"unit": pixel_unit} if pixel_size and pixel_unit else {}
    described = [
        {"name": axis, "type": "channel"} if axis == "c" else {"name": axis, "type": "space", **unit} for axis in axes
    ]
    spatial = axes.removeprefix("c")
    lengths = [float(length) for length in pixel_size or (1.0,) * len(spatial)]
    if len(lengths) != len(spatial):
        raise ParameterError(f"pixel_size has {len(lengths)} entries; the axes '{spatial}' need {len(spatial)}.")
    lead = len(axes) - len(spatial)
    datasets = []
    for path, steps in factors.items():
        scale = [1.0] * lead + [length * step for length, step in zip(lengths, steps, strict=True)]
        transformations: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        middle = [(step - 1) / 2 if sampling == "mean" else 0.0 for step in steps]
        first = [a + m * n for a, m, n in zip(origin or [0.0] * len(spatial), middle, lengths, strict=True)]
        if any(first):
            transformations.append({"type": "translation", "translation": [0.0] * lead + [*map(float, first)]})
        datasets.append({"path": path, "coordinateTransformations": transformations})
    sampled = {"type": sampling} if len(datasets) > 1 else {}
    return {"name": name, "axes": described, "datasets": datasets, **sampled}


def rendering(names: Sequence[str], colours: Sequence[str], top: float) -> dict[str, Any]:
    """Return the "omero" entry: the channels' names and colours, and the range from 0 to `top` that is shown."""
    shown = {"min": 0, "max": top, "start": 0, "end": top}
    return {
        "channels": [
            {"label": name, "color": colour.lstrip("#").upper(), "window": shown, "active": True}
            for name, colour in zip(names, colours, strict=True)
        ]
    }


def ome_metadata(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the OME part of a group's attributes: under "ome" since 0.5, at the top before."""
    nested = attributes.get("ome")
    return nested if isinstance(nested, Mapping) else attributes


def is_multiscale(ome: Mapping[str, Any]) -> bool:
    """Whether the group is an image."""
    return "multiscales" in ome


def levels(ome: Mapping[str, Any]) -> tuple[Level, ...]:
    """Return the resolutions of the first image of a group, finest first.

    A pixel's size is the product of the scales of its level and of the whole image, in the unit of y; it is None where
    neither has a scale, one is not positive, or the unit of x cannot be brought to that of y, and then so is the unit.
    A z axis whose unit cannot be is left out.
    """
    multiscale = ome["multiscales"][0]
    axes, units = _axes(multiscale)
    common = _scale(multiscale, len(axes))
    found = []
    for dataset in multiscale["datasets"]:
        own = _scale(dataset, len(axes))
        size, unit = (None, None) if own is common is None else in_one_unit(_pixel_size(axes, own, common), units)
        found.append(Level(dataset["path"], axes, size, unit))
    return tuple(found)


def origin(ome: Mapping[str, Any], path: str) -> dict[str, float]:
    """Return where the first pixel of the array `path` of the first image lies, by axis, 0 where nothing says so."""
    multiscale = ome["multiscales"][0]
    axes, _ = _axes(multiscale)
    dataset = next(one for one in multiscale["datasets"] if one["path"] == path)
    zeros, ones = [0.0] * len(axes), [1.0] * len(axes)
    own = _transformation(dataset, "translation", len(axes)) or zeros
    scale = _transformation(multiscale, "scale", len(axes)) or ones
    common = _transformation(multiscale, "translation", len(axes)) or zeros
    return {axis: a * b + c for axis, a, b, c in zip(axes, own, scale, common, strict=True)}


def channel_labels(ome: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the channels' labels from the rendering metadata, or None unless every channel has one."""
    channels = ome.get("omero", {}).get("channels") or []
    labels = [channel.get("label") for channel in channels]
    return tuple(str(label) for label in labels) if labels and all(labels) else None


def _axes(multiscale: Mapping[str, Any]) -> tuple[str, dict[str, str | None]]:
    """Letters of the axes, and the unit of each: plain names in 0.3, objects since 0.4, nothing before."""
    listed = multiscale.get("axes", AXES_BEFORE_0_3)
    entries = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in listed]
    letters = [_letter(axis) for axis in entries]
    return "".join(letters), {letter: axis.get("unit") for letter, axis in zip(letters, entries, strict=True)}


def _letter(axis: Mapping[str, Any]) -> str:
    name = str(axis["name"]).lower()
    return name if len(name) == 1 else LETTERS.get(str(axis.get("type")), "?")


def _scale(holder: Mapping[str, Any], axes: int) -> list[float] | None:
    return _transformation(holder, "scale", axes)


def _transformation(holder: Mapping[str, Any], kind: str, axes: int) -> list[float] | None:
    for transformation in holder.get("coordinateTransformations") or []:
        if transformation.get("type") == kind and len(transformation.get(kind, ())) == axes:
            return [float(number) for number in transformation[kind]]
    return None


def _pixel_size(axes: str, own: list[float] | None, common: list[float] | None) -> dict[str, float]:
    ones = [1.0] * len(axes)
    product = {axis: a * b for axis, a, b in zip(axes, own or ones, common or ones, strict=True)}
    return {axis: product[axis] for axis in "zyx" if axis in axes}


VERSION = "0.5"
SOURCE = {"source": {"image": "../../"}}


def superpixel_image(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a label image of superpixels, with its entry of "multiscales"."""
    # a viewer that is told the colour of some values makes all others transparent
    return {"version": VERSION, "multiscales": [entry], "image-label": {**SOURCE, "colors": []}}


def class_image(
    entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str], version: str = VERSION
) -> dict[str, Any]:
    """Return the metadata of a label image of classes, of version 0.5 or 0.4; what has no class is transparent."""
    shown = [*([*bytes.fromhex(colour.lstrip("#")), 255] for colour in colours), [0, 0, 0, 0]]
    values = [*range(len(class_names)), NOT_ANNOTATED]
    of_label = {
        **SOURCE,
        "colors": [{"label-value": value, "rgba": rgba} for value, rgba in zip(values, shown, strict=True)],
        "properties": [
            {"label-value": value, "class": name}
            for value, name in zip(values, (*class_names, "no class"), strict=True)
        ],
    }
    if version == VERSION:
        return {"version": version, "multiscales": [entry], "image-label": of_label}
    return {"multiscales": [{"version": version, **entry}], "image-label": {"version": version, **of_label}}


def probability_image(entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of an image with a channel per class, in the class's colour."""
    return {"version": VERSION, "multiscales": [entry], "omero": rendering(class_names, colours, CERTAIN)}
