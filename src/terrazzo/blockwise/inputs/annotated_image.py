"""An image with its annotation, checked against each other, and the blocks of it that are wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.data_array import check_same_places
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array, lattice_of, plane_array
from terrazzo.blockwise.inputs.masks import Mask, MaskLike, checked_mask
from terrazzo.blockwise.inputs.windows import Readable, Windowed, read_window
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.graphs.recipe import Recipe


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """What one annotated image is learned from.

    Parameters
    ----------
    pixels : dask.array.Array, shape (c, y, x) or (c, z, y, x)
    truth : dask.array.Array of uint8, shape (y, x) or (z, y, x)
        The class of each pixel; 255 is not annotated.
    mask : Mask
        Which pixels belong to superpixels.
    recipe : Recipe
        How the image becomes a graph.
    classes : int
        The number of classes.
    grid : BlockGrid
        How it is cut.
    blocks : tuple of Block
        Whose nodes and edges are wanted, in raster order.
    path : str
        The image's file, for messages; empty if there is none.
    stored, stored_truth : Readable and Windowed, optional
        The same as pixels and truth on disk, of which windows are read without a Dask graph and whole chunks for each.
    counts : ndarray of int64, shape (classes,), or None
        The annotated pixels of each class, inside the mask and outside; None if the annotation has not been read.
    """

    pixels: da.Array
    truth: da.Array
    mask: Mask
    recipe: Recipe
    classes: int
    grid: BlockGrid
    blocks: tuple[Block, ...]
    path: str = ""
    stored: Readable | None = None
    stored_truth: Windowed | None = None
    counts: NDArray[np.int64] | None = None

    @property
    def readable(self) -> tuple[Readable, Readable | Windowed]:
        """What windows of the image and of the annotation are best read from."""
        return (
            self.pixels if self.stored is None else self.stored,
            self.truth if self.stored_truth is None else self.stored_truth,
        )

    def read_from(self, image: ImageLike, annotation: ImageLike) -> AnnotatedImage:
        """Return the same with the files of those of the two that are on disk, of which pixels and truth are made."""
        return replace(
            self,
            stored=image.stored if isinstance(image, Image) else None,
            stored_truth=StoredClasses(annotation.stored, self.classes) if isinstance(annotation, Image) else None,
        )

    @property
    def cells(self) -> int:
        """The number of cells of the wanted blocks: no fewer than their nodes."""
        return sum(int(np.prod(block.cells.shape)) for block in self.blocks)

    def near_annotation(self, reach: int) -> AnnotatedImage:
        """Return the same with only those blocks that own a cell within `reach` cells of an annotated pixel.

        It reads the annotation, if there is more than one block or it is on disk, and no pixel of the image.
        """
        alone = len(self.blocks) == 1
        if alone and self.stored_truth is None:
            return self
        if self.stored_truth is not None:
            client = None if alone else active_client()
            found = dict(run_blocks(_read_annotated, self.blocks, self.stored_truth, client=client))
            read = [found[block] for block in self.blocks]
        else:
            source = self.truth.rechunk(self.grid.chunks()).to_delayed()
            read = dask.compute(*(dask.delayed(_annotated)(source[block.index], block) for block in self.blocks))
        near = [box.grown(reach, self.grid.lattice.cells) for box, _ in read if box is not None]
        wanted = {block.index for box in near for block in self.grid.touching(box)}
        counts = np.sum([counts for _, counts in read], axis=0)[: self.classes]
        return replace(self, blocks=tuple(block for block in self.blocks if block.index in wanted), counts=counts)


@dataclass(frozen=True, eq=False)
class StoredClasses:
    """The annotated classes of a file, a window at a time.

    Parameters
    ----------
    source : array of whole numbers, shape (1, y, x) or (1, z, y, x)
    classes : int
        Each value is a class below it or 255.
    """

    source: Readable
    classes: int

    def __getitem__(self, selection: Any) -> NDArray[np.uint8]:
        """Read a window: an ellipsis, then a slice for each spatial axis."""
        return annotated_classes(self.source[selection][0], self.classes)


def annotated_image(
    image: ImageLike,
    annotation: da.Array | NDArray[Any],
    *,
    recipe: Recipe,
    classes: int,
    mask: MaskLike | None = None,
    block: int | None = None,
) -> AnnotatedImage:
    """Return an annotated image with all its blocks; see `annotated_graph`."""
    check_same_places(image, annotation, "the annotation")
    array, annotation = image_array(image, len(recipe.superpixels.size)), plane_array(annotation)
    lattice = lattice_of(array, recipe.superpixels.size)
    check_extent(annotation, lattice.shape)
    grid = BlockGrid.of(lattice, block)
    warn_of_halo(grid, recipe.window)
    truth = annotation.map_blocks(annotated_classes, classes, dtype=np.uint8)
    return AnnotatedImage(array, truth, checked_mask(mask, lattice.shape), recipe, classes, grid, tuple(grid))


def check_extent(annotation: da.Array, extent: tuple[int, ...]) -> None:
    """Raise an InputError if an annotation (y, x) or (z, y, x) has not the extent of its image."""
    if annotation.shape != extent:
        axes = axis_names(len(extent))
        raise InputError(
            f"the annotation has {annotation.shape} pixels {axes} and its image {extent}; they must be equal"
        )


def _read_annotated(block: Block, truth: Windowed) -> tuple[Block, tuple[Box | None, NDArray[np.int64]]]:
    return block, _annotated(read_window(truth, block.core), block)


def _annotated(truth: NDArray[np.uint8], block: Block) -> tuple[Box | None, NDArray[np.int64]]:
    """Return the box of cells around the annotated pixels of a block's core, if it has any, and the pixels by value."""
    counts = np.bincount(truth.ravel(), minlength=256)
    places = np.nonzero(truth != NOT_ANNOTATED)
    if not places[0].size:
        return None, counts
    pairs = list(zip(places, block.core.start, block.lattice.size, strict=True))
    start = (int(place.min() + first) // size for place, first, size in pairs)
    stop = (int(place.max() + first) // size + 1 for place, first, size in pairs)
    return Box(tuple(start), tuple(stop)), counts
