"""What neuroglancer begins with: layers, where they are, and how they are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrazzo.viewing.layer import Layer
from terrazzo.viewing.space import Space

NAMES = "names"
UNITS = {"meter": "m", None: ""}
CHANNEL = [1, ""]


def first_state(layers: Sequence[Layer], space: Space, title: str) -> dict[str, Any]:
    """Return the state, with the addresses of layers relative to the page."""
    dimensions = _dimensions(space, (1.0,) * len(space.axes))
    front, *others = reversed(layers[:2])
    opacity = {"side": "right", "row": 1, "visible": True, "tools": list(map(_opacity, layers))}
    return {
        "title": title,
        "dimensions": dict(reversed(dimensions.items())),
        "position": [length / 2 for length in reversed(space.extent)],
        "projectionScale": max(space.extent),
        "layers": [_layer(layer, space) for layer in layers],
        "selectedLayer": {"layer": front.name, "visible": True, "size": 300},
        "toolPalettes": {"opacity": opacity} if others else {},
        "layout": "xy" if len(space.axes) == 2 else "4panel-alt",
        "showAxisLines": False,
        "showDefaultAnnotations": False,
        "crossSectionBackgroundColor": "#000000",
    }


def names_document(layer: Layer) -> dict[str, Any]:
    """Return the names of a layer's values as neuroglancer reads them."""
    ids = [str(value) for value, _ in enumerate(layer.segment_names, 1)]
    label = {"id": "label", "type": "label", "values": list(layer.segment_names)}
    inline = {"ids": ids, "properties": [label]}
    return {"@type": "neuroglancer_segment_properties", "inline": inline}


def _layer(layer: Layer, space: Space) -> dict[str, Any]:
    source: dict[str, Any] = {"url": f"zarr3://{layer.name}/"}
    channels: dict[str, Any] = {}
    if layer.axes.startswith("c"):
        name = f"c{layer.channel_axis}"
        source["transform"] = {"outputDimensions": {name: CHANNEL} | _dimensions(space, layer.levels[0].steps)}
        kind = "channelDimensions" if layer.channel_axis == "^" else "localDimensions"
        channels = {kind: {name: CHANNEL}}
    sources = [source]
    if layer.segment_names:
        sources.append({"url": f"precomputed://{layer.name}/{NAMES}/"})
    return {"name": layer.name, "source": sources, **channels, **layer.shown}


def _opacity(layer: Layer) -> dict[str, str]:
    """Return the slider of a layer's opacity."""
    return {"layer": layer.name, "type": "selectedAlpha" if layer.shown["type"] == "segmentation" else "opacity"}


def _dimensions(space: Space, steps: Sequence[float]) -> dict[str, Any]:
    """Return the size of a pixel along each axis, with its unit."""
    unit = UNITS[space.unit]
    return {axis: [size * step, unit] for axis, size, step in zip(space.axes, space.size, steps, strict=True)}
