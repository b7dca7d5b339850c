"""A random forest on the filter responses of each pixel, as in interactive pixel classifiers: a kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import ModelError
from terrazzo.kernels.classes.forest import forest_probabilities
from terrazzo.memory import WORKER
from terrazzo.models.fitted_model import FittedModel, common_of
from terrazzo.models.forest.response_blocks import response_bytes, response_grid, response_window
from terrazzo.models.forest.trees import ARRAYS, Trees
from terrazzo.models.passes.declared import Given, Holds, Pass, Pixels, Seen
from terrazzo.models.passes.pixel_classes import no_classes, outside_masked
from terrazzo.regions.classes.annotation import in_8_bits
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.filter_bank import SCALE_BANK, ResponseBank, bank_named
from terrazzo.regions.statistics.statistic import FeatureSet
from terrazzo.regions.superpixels.single_precision import single_precision, usable
from terrazzo.wording import counted

if TYPE_CHECKING:
    from torch import Tensor

# The trees as they came, and as a model.
COPIES_OF_TREES = 2


@dataclass(frozen=True, eq=False, repr=False)
class ForestModel(FittedModel):
    """A random forest, fitted, on the filter responses of each pixel.

    Parameters
    ----------
    trees : Trees
    image_channels, image_axes : int
        Of the images that it was fitted on.
    class_names, colours, pixel_size, fitted, pixel_unit, seen
        As for `Model`.
    bank : ResponseBank
        Which responses.
    """

    trees: Trees
    image_channels: int
    image_axes: int
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    bank: ResponseBank = SCALE_BANK
    seen: Distribution | None = None

    kind = "forest"
    title = "random forest"

    def __post_init__(self) -> None:
        if type(self.image_channels) is not int or self.image_channels < 1 or self.image_axes not in (2, 3):
            raise ModelError(
                f"a forest has {self.image_channels!r} channels and {self.image_axes!r} axes; it must have at least 1 "
                "channel and 2 or 3 axes"
            )
        columns = self.image_channels * len(self.bank.columns(1))
        inner = self.trees.left >= 0
        asked = self.trees.column[inner]
        if asked.size and not (asked.min() >= 0 and asked.max() < columns):
            raise ModelError(f"the trees ask for responses that images of {self.channels} channels do not have")
        if self.trees.shares.ndim != 2 or self.trees.shares.shape[1] != len(self.class_names):
            raise ModelError(f"{len(self.class_names)} class names do not fit the forest's trees; fit the model again")

    @property
    def axes(self) -> int:
        """The number of spatial axes of its images."""
        return self.image_axes

    @property
    def channels(self) -> int:
        """The number of channels of its images."""
        return self.image_channels

    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image."""
        return response_grid(extent, block)

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:  # noqa: ARG002
        """Return the only pass, from pixels to classes: on the CPU, whatever the device."""
        classes = len(self.class_names)
        only = Pass(
            name="classes",
            reads=(Pixels(partial(response_window, bank=self.bank)),),
            gives=("classes", "probabilities"),
            run=partial(_classes, model=self),
            nothing=no_classes,
            decides=self.fingerprint(),
            holds=Holds(
                partial(response_bytes, bank=self.bank, channels=self.channels, classes=classes),
                WORKER + COPIES_OF_TREES * self.trees.nbytes,
            ),
        )
        return (only,)

    def fingerprint(self) -> str:
        """Return a hash of the trees and the names of classes: what decides the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return super().fingerprint()

    def header(self) -> dict[str, Any]:
        """Return channels, axes and, where it is not the first, the name of the bank."""
        shape = {"channels": self.channels, "axes": self.axes}
        return shape if self.bank == SCALE_BANK else shape | {"bank": self.bank.name}

    def tensors(self) -> dict[str, Tensor]:
        """Return the arrays of the trees."""
        import torch  # which prediction does without

        return {name: torch.from_numpy(np.ascontiguousarray(getattr(self.trees, name))) for name in ARRAYS}

    @classmethod
    def restored(
        cls,
        header: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        features: FeatureSet | None = None,  # noqa: ARG003
    ) -> ForestModel:
        """Return the forest of a header and its arrays; see `FittedModel.restored`."""
        trees = Trees(**{name: tensors[name].numpy() for name in ARRAYS})
        bank = bank_named(header.get("bank", SCALE_BANK.name))
        return cls(trees, header["channels"], header["axes"], **common_of(header), bank=bank)

    def said(self) -> dict[str, str | None]:
        """Return what it is made of and what it reads, for people."""
        return {
            "Forest": f"{counted(len(self.trees.roots), 'tree')} of {self.trees.column.size:,} nodes",
            "Reads": f"{'images' if self.axes == 2 else 'volumes'} of {counted(self.channels, 'channel')}",
        }

    def described(self) -> dict[str, Any]:
        """Return the trees in numbers."""
        return {"trees": len(self.trees.roots), "nodes": self.trees.column.size}

    def probabilities(self, block: Block, seen: Seen) -> NDArray[np.float32]:
        """Return the probability of each class at each pixel of a block's core, shape (pixels, classes)."""
        core, pixels = block.core, seen.pixels
        if seen.mask is not None and not seen.mask.all():
            pixels = np.where(seen.mask | usable(pixels), pixels, 0)
        responses = CoreResponses.of(self.bank, single_precision(pixels, seen.box), seen.box, core)
        trees = [getattr(self.trees, name) for name in ARRAYS]
        found = np.empty((*core.shape, len(self.class_names)), np.float32)
        for inside, strip in responses.strips():
            shares = forest_probabilities(strip.reshape(len(strip), -1), *trees)
            found[inside] = shares.reshape(found[inside].shape)
        return found.reshape(-1, len(self.class_names))


def _classes(block: Block, seen: Seen, *, model: ForestModel) -> Given:
    found = model.probabilities(block, seen)
    classes = found.argmax(axis=1).astype(np.uint8).reshape(block.core.shape)
    planes = (plane.reshape(block.core.shape) for plane in in_8_bits(found).T)
    return {
        "classes": outside_masked(classes, block, seen),
        "probabilities": (outside_masked(plane, block, seen, 0) for plane in planes),
    }
