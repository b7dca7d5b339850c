"""What a viewer shows, as the plain tuples that napari makes layers of: data, how it is shown, and what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.readers.axes import RGB
from terrazzo.io.results.result import CLASSES, SUPERPIXELS, Result
from terrazzo.io.results.source_image import source_image
from terrazzo.io.results.tables import read_probabilities
from terrazzo.lattice import Lattice
from terrazzo.napari.shown_levels import contrast, shown_levels
from terrazzo.palette import class_colours
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

LayerData = tuple[Any, dict[str, Any], str]

CLASS_OPACITY, DRAWN_OPACITY = 0.4, 0.9
BOUNDARY_COLOUR = "#ffd400"
COLOURMAPS = ("green", "magenta", "cyan", "yellow", "red", "blue")


def image_layers(image: Image, name: str = "") -> list[LayerData]:
    """Return the layers of an image: one of red, green and blue, else one for each channel."""
    title = name or Path(image.path).name.partition(".")[0]
    levels = shown_levels(image)
    if tuple(channel.lower() for channel in image.channels) == RGB and image.dtype == np.uint8:
        return [_image([np.moveaxis(_sliced(one), 0, -1) for one in levels], {"name": title, "rgb": True})]
    ranges = contrast(levels)
    several = len(image.channels) > 1
    colours = {1: ("gray",), 3: ("red", "green", "blue")}.get(len(image.channels), COLOURMAPS)
    found = []
    for number, channel in enumerate(image.channels):
        how: dict[str, Any] = {
            "name": f"{title}: {channel}" if several else title,
            "contrast_limits": ranges[number],
            "colormap": colours[number % len(colours)],
        }
        if several:
            how["blending"] = "additive"
        found.append(_image([one[number] for one in levels], how))
    return found


def result_layers(result: Result, image: Image | None = None) -> list[LayerData]:
    """Return the layers of a finished result: its image where it is found, classes, unsureness, superpixels.

    Raises
    ------
    InputError
        If it is not finished.
    """
    result.check_finished()
    found: list[LayerData] = []
    source = image
    if source is None:
        try:
            source = source_image(result)
        except InputError:
            source = None
    if source is not None:
        found += image_layers(source)
    run = result.run
    colours = run.get("made_from", {}).get("colours", ())
    if CLASSES in result.images:
        found.append(classes_layer(result, run["class_names"], colours))
    if result.has_superpixels:
        if CLASSES in result.images:
            unsure = da.from_array(UnsureCells(result), chunks=_cell_chunks(result), name=f"unsure-{result.run_id}")
            found.append(unsure_layer(unsure, result.grid.lattice))
        found.append(boundaries_layer(result))
    return found


def classes_layer(result: Result, names: Sequence[str], colours: Sequence[str | None]) -> LayerData:
    """Return the classes of a result, of which each value is one more than the class, and 0 is none."""
    levels = [level + np.uint8(1) for level in _levels(result, CLASSES)]
    return (_one_or_more(levels), class_look("classes", names, colours), "labels")


def class_look(name: str, names: Sequence[str], colours: Sequence[str | None]) -> dict[str, Any]:
    """Return how labels are shown whose values are one more than the class, and 0 for none."""
    own: dict[Any, Any] = dict(enumerate(class_colours(len(names), colours), 1))
    return {
        "name": name,
        "colormap": {0: "transparent", None: "transparent", **own},
        "features": {"index": range(len(names) + 1), "class": ["", *names]},
        "opacity": CLASS_OPACITY,
        "blending": "translucent_no_depth",
    }


def unsure_layer(cells: Any, lattice: Lattice) -> LayerData:
    """Return how unsure a model is of each superpixel, on the lattice, in 255ths."""
    how = {
        "name": "uncertainty",
        "colormap": "magma",
        "contrast_limits": (0, 255),
        "opacity": 0.6,
        "blending": "translucent_no_depth",
        "visible": False,
        "multiscale": False,
        **on_lattice(lattice),
    }
    return (cells, how, "image")


def on_lattice(lattice: Lattice) -> dict[str, tuple[float, ...]]:
    """Return the scale and the place of an array with a value for each cell."""
    scale = tuple(map(float, lattice.size))
    return {"scale": scale, "translate": tuple((size - 1) / 2 for size in scale)}


def boundaries_layer(graph: Result) -> LayerData:
    """Return the superpixels of a result, of which the boundaries alone are seen."""
    how = {
        "name": "superpixels",
        "colormap": {0: "transparent", None: BOUNDARY_COLOUR},
        "opacity": 0.6,
        "visible": False,
        "blending": "translucent_no_depth",
    }
    # of their coarser levels a pixel for a superpixel would be left: all boundary
    return (_one_or_more([boundaries_of(level) for level in _levels(graph, SUPERPIXELS)][:3]), how, "labels")


def boundaries_of(ids: da.Array) -> da.Array:
    """Return `boundaries` lazily, chunk by chunk, each with the first row and column of those behind it."""
    depth = {axis: (0, 1) if axis >= ids.ndim - 2 else 0 for axis in range(ids.ndim)}
    found: da.Array = da.map_overlap(boundaries, ids, depth=depth, boundary="none", dtype=np.uint8)
    return found


def boundaries(ids: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 1 where the pixel below or to the right is of another superpixel, else 0."""
    found = np.zeros(ids.shape, np.uint8)
    found[..., :-1, :] |= (ids[..., :-1, :] != ids[..., 1:, :]).astype(np.uint8)
    found[..., :, :-1] |= (ids[..., :, :-1] != ids[..., :, 1:]).astype(np.uint8)
    return found


class UnsureCells:
    """How unsure a result is of each superpixel, in 255ths: an array on the lattice that reads its tables of nodes.

    Parameters
    ----------
    result : Result
        Finished, with superpixels.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.shape = result.grid.lattice.cells
        self.ndim, self.dtype = len(self.shape), np.dtype(np.uint8)

    def __getitem__(self, window: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Return a window that is a block's cells."""
        grid = self.result.grid
        index = tuple((part.start or 0) // side for part, side in zip(window, grid.block_cells, strict=True))
        block = grid[index]
        found = np.zeros(block.cells.shape, np.uint8)
        ids, probabilities = read_probabilities(self.result.part("nodes", block))
        best = np.sort(probabilities, axis=1)
        margin = best[:, -1] - best[:, -2] if best.shape[1] > 1 else np.ones(len(best), np.float32)
        cells = grid.lattice.cells_of(ids) - block.cells.start
        found[tuple(cells.T)] = np.rint(255 * (1 - margin)).astype(np.uint8)
        return found


def colours_of(classes: Mapping[str, str]) -> dict[Any, Any]:
    """Return the colours of labels whose values are one more than the class."""
    return {0: "transparent", None: "transparent", **dict(enumerate(classes.values(), 1))}


def labels_of(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return labels, one more than the class and 0 for none, of classes in which 255 is none."""
    return classes + np.uint8(256 - NOT_ANNOTATED)


def classes_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return classes, 255 where there is none, of labels."""
    return labels - np.uint8(256 - NOT_ANNOTATED)


def _levels(result: Result, key: str) -> list[da.Array]:
    """Return the levels of an image of a result; their names hold which run wrote them."""
    found = []
    for level in range(len(result.pyramid.shapes)):
        array = zarr.open_array(result.path, path=f"{key}/{level}", mode="r")
        found.append(da.from_array(array, chunks=array.chunks, name=f"{key}-{level}-{result.run_id}", asarray=True))
    return found


def _cell_chunks(result: Result) -> tuple[tuple[int, ...], ...]:
    grid = result.grid
    spans = zip(grid.block_cells, grid.lattice.cells, grid.shape, strict=True)
    return tuple(tuple(min(side, n - i * side) for i in range(count)) for side, n, count in spans)


def _image(levels: list[Any], how: dict[str, Any]) -> LayerData:
    return (_one_or_more(levels), how | {"multiscale": len(levels) > 1}, "image")


def _one_or_more(levels: list[Any]) -> Any:
    return levels if len(levels) > 1 else levels[0]


def _sliced(array: Any) -> Any:
    return array if isinstance(array, np.ndarray | da.Array) else np.asarray(array)
