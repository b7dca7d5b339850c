"""A layer of the page: levels that are read as the browser asks, and how neuroglancer shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from terrazzo.viewing.shown_level import ShownLevel


@dataclass(frozen=True, eq=False)
class Layer:
    """What is shown of an image or a result.

    Parameters
    ----------
    name : str
        Of the layer, and in addresses: letters.
    axes : str
        One letter per axis, c first if there is one.
    levels : tuple of ShownLevel
        The finest first.
    shown : mapping
        Its entry in neuroglancer's state, without its name and its source.
    channel_axis : {"^", "'"}
        Whether shaders see all channels at once, or one is chosen by its number.
    segment_names : tuple of str
        The names of the values from 1.
    """

    name: str
    axes: str
    levels: tuple[ShownLevel, ...]
    shown: Mapping[str, Any] = field(default_factory=dict)
    channel_axis: str = "^"
    segment_names: tuple[str, ...] = ()
