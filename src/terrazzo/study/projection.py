"""How much memory does a tree take, to train and to predict? Integers alone, before it runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from terrazzo.blockwise.planning.work import Work
from terrazzo.errors import ParameterError
from terrazzo.genes.draw import smallest
from terrazzo.genes.networks import lattice_of, size_of, training_of, unet_of
from terrazzo.genes.space import OPTIONAL, Space
from terrazzo.genes.tree import Tree
from terrazzo.lattice import spacing
from terrazzo.memory import WORKER_WITH_TORCH, Reading, readable_bytes, with_slack
from terrazzo.models.lattice.model import unfitted_model
from terrazzo.models.unet.pixel_blocks import pixel_grid
from terrazzo.models.unet.pixel_task import pixel_bytes
from terrazzo.models.unet.training_task import training_bytes, weights
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import LATTICE_FEATURES
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.training_task import fit_bytes, table_bytes
from terrazzo.training.rules.patch_source import MOST_HELD
from terrazzo.training.rules.training import UNetTraining
from terrazzo.training.unet.fit_unet import patch_shape


@dataclass(frozen=True)
class Images:
    """What of images decides how much memory a tree takes.

    Parameters
    ----------
    channels, classes, itemsize : int
        The last one is bytes per value.
    extents : tuple of tuple of int
        Of each image.
    """

    channels: int
    classes: int
    itemsize: int
    extents: tuple[tuple[int, ...], ...]

    @property
    def axes(self) -> int:
        """How many spatial axes they have."""
        return len(self.extents[0])

    @property
    def held(self) -> int:
        """Bytes of images, and of annotations at a byte per pixel, that training a U-Net keeps in memory at most."""
        return min(MOST_HELD, sum(map(math.prod, self.extents)) * (self.channels * self.itemsize + 1))


def projected_bytes(tree: Tree, images: Images) -> int:
    """Return the most bytes that the process of a trial holds, about."""
    return _PROJECTIONS[tree.space.kind](tree, images)


def refusal(tree: Tree, images: Images, memory: int) -> str | None:
    """Return a sentence if a tree does not fit a trial's memory."""
    needed = projected_bytes(tree, images)
    if needed <= memory:
        return None
    return f"it would take {readable_bytes(needed)} of memory and {readable_bytes(memory)} are a trial's"


def check_fits(space: Space, images: Images, memory: int) -> None:
    """Raise a ParameterError if a value of a space makes no network, or not even its smallest tree fits into memory."""
    _check_network(smallest(space), images, "the smallest tree")
    for parameter in space.parameters:
        # what is of a part that the smallest tree is without is looked at on a tree with it
        part = OPTIONAL.get(parameter.name)
        beside = {} if part is None else {part: max(space[part].ends)}
        for value in parameter.ends:
            tree = smallest(space, **beside | {parameter.name: value})
            _check_network(tree, images, f"{parameter.name} {value}")
    lacking = refusal(smallest(space), images, memory)
    if lacking is not None:
        raise ParameterError(
            f"the smallest tree of the space does not fit: {lacking}; use fewer workers, more memory, or a space "
            "whose ranges begin lower"
        )


def _check_network(tree: Tree, images: Images, what: str) -> None:
    """Raise a ParameterError if a tree makes no network, or what it says about training is out of range."""
    training: dict[str, Any] = {**training_of(tree)}
    try:
        if tree.space.kind == "unet":
            unet_of(tree, images.channels, images.classes, images.axes)
            UNetTraining(**training)
        else:
            lattice_of(tree)
            spacing(size_of(tree), images.axes)
            LatticeTraining(**training)
    except ParameterError as error:
        raise ParameterError(f"{what} of the space makes no network that can be trained: {error}") from error


def _of_unet(tree: Tree, images: Images) -> int:
    description = unet_of(tree, images.channels, images.classes, images.axes)
    patch = patch_shape(description, images.extents)
    learning = with_slack({"step": training_bytes(description, UNetTraining.batch, patch)})
    reading, largest = Reading(images.itemsize), 0
    for extent in set(images.extents):
        grid = pixel_grid(description, extent)
        middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
        largest = max(largest, pixel_bytes(middle, grid, reading, description))
    # weights as they are in the file, as a model, and ready for prediction
    return WORKER_WITH_TORCH + max(learning + images.held, largest + 3 * 4 * weights(description))


def _of_lattice(tree: Tree, images: Images) -> int:
    size = spacing(size_of(tree), images.axes)
    recipe = Recipe(images.channels, SuperpixelParameters(size), LATTICE_FEATURES)
    model = unfitted_model(recipe, images.classes, lattice_of(tree))
    work, config, training = Work.of(model, Reading(images.itemsize)), model.network.config, LatticeTraining()
    grids = {model.grid(extent): count for extent, count in Counter(images.extents).items()}
    each = partial(work.memory_of_own_process, threads=1)  # a trial's
    # tables are kept while superpixels of other blocks are measured, as predicting does
    measuring = max(map(each, grids))
    return max(measuring + table_bytes(config, training, grids), WORKER_WITH_TORCH + fit_bytes(config, training, grids))


_PROJECTIONS: dict[str, Callable[[Tree, Images], int]] = {"unet": _of_unet, "lattice": _of_lattice}
