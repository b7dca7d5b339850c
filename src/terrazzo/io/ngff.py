"""OME-NGFF metadata: what a multiscale image says of its levels, axes, pixel size and channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from terrazzo.errors import ParameterError

AXES_BEFORE_0_3 = "tczyx"


@dataclass(frozen=True)
class Level:
    """One resolution of a multiscale image.

    Attributes
    ----------
    path : str
        The array, relative to the group of the image.
    axes : str
        One letter per axis, lower case; "?" for an axis with a longer name.
    pixel_size : dict of float or None
        Along y and x, and along z where that has the same unit, in `pixel_unit`.
    pixel_unit : str or None
        Full English name of the unit.
    """

    path: str
    axes: str
    pixel_size: dict[str, float] | None
    pixel_unit: str | None


def single_level(name: str, axes: str, pixel_size: tuple[float, ...] | None, pixel_unit: str | None) -> dict[str, Any]:
    """Return the entry of "multiscales", as of 0.5, for an image with one level, the array "0".

    `pixel_size` has one entry per axis but c. Without it a pixel is 1 long and has no unit.
    """
    unit = {"unit": pixel_unit} if pixel_size and pixel_unit else {}
    described = [
        {"name": axis, "type": "channel"} if axis == "c" else {"name": axis, "type": "space", **unit} for axis in axes
    ]
    spatial = axes.removeprefix("c")
    lengths = [float(length) for length in pixel_size or (1.0,) * len(spatial)]
    if len(lengths) != len(spatial):
        raise ParameterError(f"pixel_size has {len(lengths)} entries; the axes '{spatial}' need {len(spatial)}.")
    scale = [1.0] * (len(axes) - len(spatial)) + lengths
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    return {"name": name, "axes": described, "datasets": [dataset]}


def ome_metadata(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the OME part of a group's attributes: under "ome" since 0.5, at the top before."""
    nested = attributes.get("ome")
    return nested if isinstance(nested, Mapping) else attributes


def is_multiscale(ome: Mapping[str, Any]) -> bool:
    """Whether the group is an image."""
    return "multiscales" in ome


def levels(ome: Mapping[str, Any]) -> tuple[Level, ...]:
    """Return the resolutions of the first image of a group, finest first.

    A pixel's size is the product of the scales of its level and of the whole image; it is None where neither
    has a scale or where y and x have different units, and then so is the unit. A z axis of another unit, or of
    none where y has one, is left out.
    """
    multiscale = ome["multiscales"][0]
    axes, units = _axes(multiscale)
    unit = units.get("y")
    measured = [axis for axis in "zyx" if axis in axes and units[axis] == unit]
    common = _scale(multiscale, len(axes))
    found = []
    for dataset in multiscale["datasets"]:
        own = _scale(dataset, len(axes))
        known = {"y", "x"} <= set(measured) and (own or common) is not None
        size = _pixel_size(axes, own, common, measured) if known else None
        found.append(Level(dataset["path"], axes, size, unit if size else None))
    return tuple(found)


def channel_labels(ome: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the channels' labels from the rendering metadata, or None unless every channel has one."""
    channels = ome.get("omero", {}).get("channels") or []
    labels = [channel.get("label") for channel in channels]
    return tuple(str(label) for label in labels) if labels and all(labels) else None


def _axes(multiscale: Mapping[str, Any]) -> tuple[str, dict[str, str | None]]:
    """Letters of the axes, and the unit of each: plain names in 0.3, objects since 0.4, nothing before."""
    listed = multiscale.get("axes", AXES_BEFORE_0_3)
    entries = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in listed]
    names = [str(axis["name"]).lower() for axis in entries]
    letters = [name if len(name) == 1 else "?" for name in names]
    return "".join(letters), {letter: axis.get("unit") for letter, axis in zip(letters, entries, strict=True)}


def _scale(holder: Mapping[str, Any], axes: int) -> list[float] | None:
    for transformation in holder.get("coordinateTransformations") or []:
        if transformation.get("type") == "scale" and len(transformation.get("scale", ())) == axes:
            return [float(factor) for factor in transformation["scale"]]
    return None


def _pixel_size(
    axes: str, own: list[float] | None, common: list[float] | None, measured: list[str]
) -> dict[str, float]:
    ones = [1.0] * len(axes)
    product = {axis: a * b for axis, a, b in zip(axes, own or ones, common or ones, strict=True)}
    return {axis: product[axis] for axis in measured}
