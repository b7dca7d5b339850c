"""What all models on superpixels have in common: a recipe, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from terrazzo.blocks import BlockGrid
from terrazzo.errors import ModelError
from terrazzo.lattice import Lattice
from terrazzo.memory import EDGES_PER_NODE
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.segment_task import pixels_computed
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.row_spread import WITHIN
from terrazzo.regions.statistics.features import FeatureSet, statistic_named
from terrazzo.regions.superpixels.compared_channels import check_channels as check_compared_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.wording import by, counted

UNLIKE = "unlike_superpixels"
"""The figure of a pass: superpixels that lie farther out than `WITHIN` of those of the fit."""

MOST_UNLIKE, FEW = 0.1, 3.0
"""Their share above which a sentence warns, a hundred times the fit's; with n images 1 + FEW / n times as much."""


class SuperpixelModel(FittedModel):
    """A model on superpixels.

    Attributes
    ----------
    recipe : Recipe
        How an image becomes superpixels, and what is measured of them.
    """

    recipe: Recipe

    @property
    def axes(self) -> int:
        """The number of spatial axes of its images."""
        return len(self.recipe.superpixels.size)

    @property
    def channels(self) -> int:
        """The number of channels of its images."""
        return self.recipe.channels

    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image: of whole superpixels."""
        return BlockGrid.of(Lattice(extent, self.recipe.superpixels.size), block)

    def check_image(self, channels: int, dtype: np.dtype[Any]) -> None:
        """Raise a TerrazzoError if images with these channels are not what the model was fitted on."""
        super().check_image(channels, dtype)
        check_compared_channels(channels, dtype, self.recipe.superpixels)

    def notes(self, figures: Mapping[str, int]) -> list[str]:
        """Return a sentence if many superpixels are unlike those that the model was fitted on."""
        unlike, superpixels = figures.get(UNLIKE, 0), max(1, figures.get("superpixels", 0))
        images = 1 if self.seen is None else self.seen.images
        if unlike <= MOST_UNLIKE * (1 + FEW / images) * superpixels:
            return []
        return [
            f"{unlike / superpixels:.0%} of the superpixels are unlike those that the model was fitted on, of which "
            f"{1 - WITHIN:.1%} were as far out: see that the image is of the same kind, with pixels of the same size "
            "and intensities, or fit a model on such images as well"
        ]

    def named_parameters(self) -> dict[str, Any]:
        """Return the parameters of the superpixels."""
        return {"superpixels": asdict(self.recipe.superpixels)}

    @property
    def node_columns(self) -> tuple[str, ...]:
        """The names of the node features."""
        return self.recipe.node_columns

    @property
    def edge_columns(self) -> tuple[str, ...]:
        """The names of the edge features."""
        return self.recipe.edge_columns

    def pixels_computed(self, grid: BlockGrid) -> float:
        """Return the pixels that an iteration of the superpixels assigns, as the mean of the iterations."""
        return pixels_computed(grid, self.recipe.superpixels)

    def most_rows(self, grid: BlockGrid) -> tuple[int, int]:
        """Return how many superpixels and edges there are at most; in a volume the edges are an estimate."""
        lattice = grid.lattice
        return lattice.number_of_cells, EDGES_PER_NODE[len(lattice.shape)] * lattice.number_of_cells

    def recipe_header(self) -> dict[str, Any]:
        """Return the recipe as values of JSON."""
        return {
            "superpixels": asdict(self.recipe.superpixels),
            "channels": self.recipe.channels,
            "statistics": [statistic.name for statistic in self.recipe.features],
            "node_columns": self.recipe.node_columns,
            "edge_columns": self.recipe.edge_columns,
        }

    def recipe_said(self) -> dict[str, str | None]:
        """Return its superpixels and what is measured of them, for people."""
        return {
            "Superpixels of": f"{by(self.recipe.superpixels.size)} pixels",
            "Features": f"{counted(len(self.node_columns), 'feature')} from {counted(self.channels, 'channel')}",
        }


def restored_recipe(header: Mapping[str, Any], features: FeatureSet | None) -> Recipe:
    """Return the recipe of a header; see `FittedModel.restored`.

    Raises
    ------
    ModelError
        If the model was fitted on statistics of the user's that are not given.
    """
    if not 1 <= header["channels"] <= len(header["edge_columns"]):
        # what nobody has sealed may ask for more columns than there is memory
        raise ValueError(f"{header['channels']} channels with {len(header['edge_columns'])} columns of edges")
    parameters: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in header["superpixels"].items()
    }
    if features is None:
        features = tuple(statistic_named(name) for name in header["statistics"])
    recipe = Recipe(header["channels"], SuperpixelParameters(**parameters), features)
    if list(recipe.node_columns) != header["node_columns"]:
        raise ModelError(f"the model was fitted on other features, {header['statistics']}; pass them as features=…")
    return recipe


def check_names(header: Mapping[str, Any], classes: int) -> None:
    """Raise a ModelError if a header does not name as many classes as a network has."""
    if len(header["class_names"]) != classes:
        raise ModelError(
            f"{len(header['class_names'])} class names do not fit a network of {classes} classes; fit the model again"
        )
