"""Superpixels, measured, and nothing more: what passes make of an image before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from torch import Tensor

from terrazzo.models.passes.declared import Pass
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.models.superpixel_model import SuperpixelModel, restored_recipe
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.statistic import FeatureSet


@dataclass(frozen=True, eq=False, repr=False)
class MeasuredSuperpixels(SuperpixelModel):
    """The first pass of every model on superpixels as a model without classes.

    Parameters
    ----------
    recipe : Recipe
    """

    recipe: Recipe
    class_names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None

    kind = "superpixels"
    title = "set of superpixels"

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:  # noqa: ARG002
        """Return the pass that makes and measures superpixels."""
        return (superpixels_pass(self.recipe),)

    def header(self) -> dict[str, Any]:
        """Return the recipe as values of JSON."""
        return self.recipe_header()

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: no weight is fitted."""
        return {}

    @classmethod
    def restored(
        cls,
        header: Mapping[str, Any],
        tensors: Mapping[str, Tensor],  # noqa: ARG003
        features: FeatureSet | None = None,
    ) -> Self:
        """Return what a header of JSON says."""
        return cls(restored_recipe(header, features))

    def described(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return self.recipe_header()
