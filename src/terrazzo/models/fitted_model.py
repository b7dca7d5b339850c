"""What every kind of fitted model is: names of classes, a grid of blocks, passes over them, and a file's header."""

from __future__ import annotations

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from terrazzo.blocks import BlockGrid
from terrazzo.errors import ModelError
from terrazzo.html import swatches, table
from terrazzo.models.passes.declared import Pass, Windows
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.wording import figures_text, listed, pixel_text

if TYPE_CHECKING:
    from torch import Tensor

    from terrazzo.regions.statistics.statistic import FeatureSet


class FittedModel(ABC):
    """A model with everything that applying it needs; a kind of model is a frozen dataclass on top of this.

    Attributes
    ----------
    kind : str
        What model files call the kind.
    title : str
        What people call it, such as "U-Net".
    class_names, colours : tuple of str
        The classes, in the order of their values; a colour `#rrggbb` for each.
    pixel_size : tuple of float or None
        The pixel size `(y, x)` or `(z, y, x)` of the images that it was fitted on.
    pixel_unit : str or None
        Its unit, such as "micrometer".
    fitted : dict
        How the fit went: numbers for people.
    seen : Distribution or None
        The intensities of the images that it was fitted on, where the kind remembers them: images are compared with
        it. It does not decide the answer, so it is no part of the fingerprint.
    """

    kind: ClassVar[str]
    title: ClassVar[str]

    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None
    pixel_unit: str | None
    fitted: dict[str, float]
    # a field of the kinds that have it; others go without
    seen: Distribution | None = None

    @property
    @abstractmethod
    def axes(self) -> int:
        """The number of spatial axes of its images."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """The number of channels of its images."""

    @abstractmethod
    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image of this extent, about `block` pixels wide."""

    @abstractmethod
    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return what is done with each block, in order; the last pass gives "classes"."""

    @abstractmethod
    def header(self) -> Mapping[str, Any]:
        """Return everything that `restored` needs besides tensors and what all kinds have, as values of JSON."""

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """Return the arrays that were fitted, by name, on the CPU."""

    @classmethod
    @abstractmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, Tensor], features: FeatureSet | None = None
    ) -> Self:
        """Return the model of a header, with what all kinds have in it, and its tensors.

        Parameters
        ----------
        header : mapping
            As JSON gives it back: lists for tuples. Its numbers may be anybody's: they decide no more memory than the
            tensors take.
        tensors : mapping
        features : tuple of Statistic, optional
            Of a model on superpixels: the feature set that it was fitted with, if that held statistics of the user's.
        """

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """Return what this kind has to say of itself in `terrazzo info`, as plain values."""

    def said(self) -> dict[str, str | None]:
        """Return what it is made of, for people, by what it is called: lines of a notebook's table."""
        return {}

    def __repr__(self) -> str:
        said = self.said() | {"Pixels of": pixel_text(self.pixel_size, self.pixel_unit)}
        # "Pixels of" begins a phrase, "Network" names one
        phrases = [
            f"{name[0].lower()}{name[1:]} {text}" if name.endswith(" of") else text
            for name, text in said.items()
            if text
        ]
        return f"<terrazzo.{type(self).__name__}: {'; '.join((*phrases, f'classes {listed(self.class_names)}'))}>"

    def _repr_html_(self) -> str:
        rows = {
            "Pixels of": pixel_text(self.pixel_size, self.pixel_unit),
            "Classes": swatches(self.class_names, self.colours),
            "Fitted": figures_text(self.fitted),
            "Fitted on": None if self.seen is None else self.seen.text(),
        }
        return table(f"terrazzo.{type(self).__name__}", self.said() | rows)

    def fingerprint(self) -> str:
        """Return a hash of all that decides the answer."""
        digest = hashlib.sha256(json.dumps([self.kind, self.class_names, self.header()], sort_keys=True).encode())
        for name, tensor in sorted(self.tensors().items()):
            digest.update(name.encode() + np.ascontiguousarray(tensor.numpy()).tobytes())
        return digest.hexdigest()

    def check_image(self, channels: int, dtype: np.dtype[Any]) -> None:  # noqa: ARG002
        """Raise a ModelError, or another TerrazzoError, if images with these channels are none for the model."""
        check_channels(channels, self.channels)

    def named_parameters(self) -> dict[str, Any]:
        """Return plain values that decide the answer and that a message may name, where a result has others."""
        return {}

    def uncalibrated(self) -> Self:
        """Return the same model with the probabilities that it was fitted with, before they were calibrated."""
        return self

    def probabilities_note(self) -> str | None:
        """Return a sentence where an image of probabilities holds something else."""
        return None

    def bytes_meanwhile(self, grid: BlockGrid) -> int:  # noqa: ARG002
        """Return the bytes that a run keeps on disk until it ends, besides what it gives and one set of rows."""
        return 0

    def notes(self, figures: Mapping[str, int]) -> list[str]:  # noqa: ARG002
        """Return sentences that warn of a result, from figures that its passes summed over all blocks."""
        return []

    @property
    def node_columns(self) -> tuple[str, ...]:
        """The names of the features of rows, where a pass gives rows."""
        return ()

    @property
    def edge_columns(self) -> tuple[str, ...]:
        """The names of the features of their edges."""
        return ()

    @property
    def embedding_width(self) -> int:
        """How many numbers of an embedding the table of nodes has, where a pass gives "node_embeddings"."""
        return 0

    @property
    def window(self) -> Windows:
        """Which pixels its first pass reads of a block."""
        return next(one.window for one in self.passes() if one.window is not None)

    def pixels_computed(self, grid: BlockGrid) -> float | None:  # noqa: ARG002
        """Return the pixels that all blocks compute together; None: as many as they read."""
        return None

    def most_rows(self, grid: BlockGrid) -> tuple[int, int]:  # noqa: ARG002
        """Return how many nodes and edges there are at most: none where no pass gives rows."""
        return 0, 0


def check_channels(found: int, fitted: int) -> None:
    """Raise a ModelError if an image does not have as many channels as a model was fitted on."""
    if found != fitted:
        raise ModelError(
            f"the image has {found} channel{'' if found == 1 else 's'} and the model was fitted on {fitted}; "
            "give an image with the same channels or fit a model on this one"
        )


def check_temperature(value: Any) -> None:
    """Raise a ModelError unless logits can be divided by a value."""
    if isinstance(value, bool) or not (isinstance(value, int | float) and 0 < value < math.inf):
        raise ModelError(f"a model's temperature is {value!r}; it must be a number above 0")


def common_header(model: FittedModel) -> dict[str, Any]:
    """Return what all kinds of models have, as values of JSON: that of which `common_of` makes it again."""
    return {
        "class_names": model.class_names,
        "colours": model.colours,
        "pixel_size": model.pixel_size,
        "pixel_unit": model.pixel_unit,
        "fitted": model.fitted,
        **({} if model.seen is None else {"seen": model.seen.plain()}),
    }


def common_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that all kinds of models have from a header: names, colours, pixel size and figures.

    What its images were like is among them where the header has it.
    """
    seen = {"seen": Distribution.restored(header["seen"])} if header.get("seen") else {}
    return {
        "class_names": tuple(header["class_names"]),
        "colours": tuple(header["colours"]),
        "pixel_size": tuple(header["pixel_size"]) if header["pixel_size"] else None,
        "fitted": header["fitted"],
        "pixel_unit": header.get("pixel_unit"),
        **seen,
    }
