"""A layer as a Zarr v3 store with OME-NGFF 0.5 metadata that lies nowhere: its files are made when asked for."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numcodecs.blosc import Blosc

from terrazzo.io.ngff import VERSION, multiscale
from terrazzo.viewing.layer import Layer
from terrazzo.viewing.shown_level import ShownLevel
from terrazzo.viewing.space import Space

METADATA = "zarr.json"
CHUNK = re.compile(r"(\d{1,2})/c((?:/\d{1,9})+)")
COMPRESSION = {"cname": "lz4", "clevel": 5, "blocksize": 0}


class ZarrFacade:
    """The files of a layer's store, by their names: metadata, and chunks that are read and compressed when asked for.

    Parameters
    ----------
    layer : Layer
    space : Space
        How large pixels are.
    """

    def __init__(self, layer: Layer, space: Space) -> None:
        self.layer = layer
        self._metadata = {METADATA: _encoded(_group(layer, space))}
        for number, level in enumerate(layer.levels):
            self._metadata[f"{number}/{METADATA}"] = _encoded(_array(level, layer.axes))

    def get(self, name: str) -> bytes | None:
        """Return a file; None if there is none of this name.

        Raises
        ------
        InputError
            If what is shown can no longer be read.
        """
        if name in self._metadata:
            return self._metadata[name]
        found = CHUNK.fullmatch(name)
        if found is None or int(found[1]) >= len(self.layer.levels):
            return None
        level = self.layer.levels[int(found[1])]
        index = tuple(map(int, found[2].split("/")[1:]))
        counts = _counts(level)
        if len(index) != len(counts) or any(i >= count for i, count in zip(index, counts, strict=True)):
            return None
        return _chunk(level, index)

    def names(self) -> Iterator[str]:
        """Yield the name of each file."""
        yield from self._metadata
        for number, level in enumerate(self.layer.levels):
            for index in itertools.product(*map(range, _counts(level))):
                yield f"{number}/c/{'/'.join(map(str, index))}"

    def __len__(self) -> int:
        return len(self._metadata) + sum(math.prod(_counts(level)) for level in self.layer.levels)


def _counts(level: ShownLevel) -> tuple[int, ...]:
    return tuple(-(-length // side) for length, side in zip(level.shape, level.chunk, strict=True))


def _chunk(level: ShownLevel, index: tuple[int, ...]) -> bytes:
    places = zip(index, level.chunk, level.shape, strict=True)
    values = level.read(tuple(slice(i * side, min((i + 1) * side, length)) for i, side, length in places))
    if values.shape != level.chunk:
        # at the end of the image a chunk is as long as others
        values = np.pad(values, [(0, side - length) for side, length in zip(level.chunk, values.shape, strict=True)])
    plain = np.ascontiguousarray(values, level.dtype.newbyteorder("<"))
    compressed: bytes = _compressor(level).encode(plain)
    return bytes(compressed)


def _compressor(level: ShownLevel) -> Any:
    return Blosc(**COMPRESSION, shuffle=Blosc.SHUFFLE if level.dtype.itemsize > 1 else Blosc.NOSHUFFLE)


def _group(layer: Layer, space: Space) -> dict[str, Any]:
    """Return the metadata of the levels; the place of a pixel is that of its middle, and the image begins at 0."""
    factors: dict[str, Any] = {str(number): level.steps for number, level in enumerate(layer.levels)}
    half = [length / 2 for length in space.size]
    entry = multiscale(layer.name, layer.axes, space.size, space.unit, factors, origin=half, sampling="mean")
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": VERSION, "multiscales": [entry]}}}


def _array(level: ShownLevel, axes: str) -> dict[str, Any]:
    shuffle = "shuffle" if level.dtype.itemsize > 1 else "noshuffle"
    blosc = {**COMPRESSION, "typesize": level.dtype.itemsize, "shuffle": shuffle}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": level.shape,
        "data_type": level.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": level.chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "blosc", "configuration": blosc},
        ],
        "dimension_names": list(axes),
        "attributes": {},
    }


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
