"""Polygons as GeoJSON that QuPath opens: annotations with a classification, in pixels of level 0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import shapely
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.output_path import check_absent
from terrazzo.io.whole_file import replaced_when_whole
from terrazzo.regions.outlines.join_outlines import ClassRegion


class GeoJSONWriter:
    """Writes one feature after the other into an open file.

    Parameters
    ----------
    file : text file
        Open for writing.
    class_names, colours : sequence of str
        Of each class its name and its colour `#rrggbb`.
    scale : tuple of float
        What x and y are multiplied by.
    tolerance : float
        How far an outline may stray from the edges of the pixels, in pixels; 0 keeps each corner.
    """

    def __init__(
        self,
        file: TextIO,
        class_names: Sequence[str],
        colours: Sequence[str],
        scale: tuple[float, float] = (1.0, 1.0),
        tolerance: float = 0.0,
    ) -> None:
        factors = np.array(scale)
        whole = factors.astype(np.int64)
        # whole numbers stay so
        self.scale = whole if (whole == factors).all() else factors
        self.file, self.tolerance = file, tolerance
        self.classifications = [
            {"name": name, "color": list(bytes.fromhex(colour.lstrip("#")))}
            for name, colour in zip(class_names, colours, strict=True)
        ]
        self.count = 0

    def write(self, region: ClassRegion) -> None:
        """Write a region as a Polygon: its outer ring counter-clockwise, as in RFC 7946, and its holes clockwise."""
        rings = region.rings if self.tolerance == 0 else _simplified(region.rings, self.tolerance)
        feature = {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [self._coordinates(ring) for ring in rings]},
            "properties": {"objectType": "annotation", "classification": self.classifications[region.value]},
        }
        self.file.write(",\n" if self.count else "")
        self.file.write(json.dumps(feature, separators=(",", ":")))
        self.count += 1

    def _coordinates(self, ring: NDArray[Any]) -> list[list[float]]:
        pairs: list[list[float]] = (ring * self.scale).tolist()
        return [*pairs, pairs[0]]


@contextmanager
def geojson_file(path: str | Path, overwrite: bool) -> Iterator[TextIO]:
    """Open a FeatureCollection to write features into; the file is there once it is whole.

    Raises
    ------
    InputError
        If it exists and `overwrite` is false, or cannot be written.
    """
    target = Path(path)
    check_file_absent(target, overwrite)
    try:
        with replaced_when_whole(target) as partial, partial.open("w", encoding="utf-8") as file:
            file.write('{"type":"FeatureCollection","features":[\n')
            yield file
            file.write("\n]}\n")
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror or error}; choose another path") from error


def check_file_absent(path: Path, overwrite: bool) -> None:
    """Raise an InputError if a file may not be written to `path`."""
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; name a file, such as classes.geojson")
    check_absent(path, overwrite)


def _simplified(rings: Sequence[NDArray[np.int64]], tolerance: float) -> list[NDArray[np.float64]]:
    """Return fewer corners; a region that would be lost or break stays as it is."""
    polygon = shapely.Polygon(rings[0], list(rings[1:]))
    simpler = shapely.simplify(polygon, tolerance, preserve_topology=True)
    kept = simpler if simpler.geom_type == "Polygon" and not simpler.is_empty and simpler.is_valid else polygon
    ordered = shapely.geometry.polygon.orient(kept)
    return [np.array(ring.coords)[:-1] for ring in (ordered.exterior, *ordered.interiors)]
