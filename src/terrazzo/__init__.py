"""Segment images larger than memory: exact chunked superpixels, one region graph, a graph neural network.

Public names load on first use, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from terrazzo.version import __version__

if TYPE_CHECKING:
    from terrazzo.blockwise.region_graph import region_graph as region_graph
    from terrazzo.blockwise.superpixels import superpixels as superpixels
    from terrazzo.errors import TerrazzoError as TerrazzoError
    from terrazzo.io.image import Image as Image
    from terrazzo.io.open_image import open_image as open_image
    from terrazzo.lattice import Lattice as Lattice
    from terrazzo.regions.region_graph import RegionGraph as RegionGraph

_HOME = {
    "Image": "terrazzo.io.image",
    "Lattice": "terrazzo.lattice",
    "RegionGraph": "terrazzo.regions.region_graph",
    "TerrazzoError": "terrazzo.errors",
    "open_image": "terrazzo.io.open_image",
    "region_graph": "terrazzo.blockwise.region_graph",
    "superpixels": "terrazzo.blockwise.superpixels",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'terrazzo' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
