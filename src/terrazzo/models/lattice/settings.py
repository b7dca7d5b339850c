"""The shape of a lattice network, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings

Decision = Literal["pixel", "region"]
Norm = Literal["column", "row"]

MOST_LEVELS = 6


@dataclass(frozen=True)
class LatticeSettings(Settings):
    """The shape of a lattice network; columns and classes follow from the data.

    Parameters
    ----------
    width : int
        Columns of a superpixel's embedding.
    levels : int, optional
        How often 2 x 2 cells, 2 x 2 x 2 in a volume, are pooled to one of the next coarser level: 3 in images, 1 in
        volumes, whose blocks need all that is seen around them along three axes.
    finest, blocks : int
        Rounds of messages on the way down and on the way up: at the finest level, and at each coarser one.
    dropout : float
        Share of an embedding's columns that a round drops in training.
    norm : {"column", "row"}
        How embeddings are normalised before a round: each column by what training saw of it; or each row by itself, as
        models of before have it, which learns less and bears other exposures worse.
    decision : {"pixel", "region"}
        Who decides on a pixel's class: a small network that sees its own filter responses and the embeddings around
        it, or its superpixel alone, which is quicker.
    pixel_width : int
        Width of that small network.
    sure : float
        Where a superpixel gives one class at least this probability, as calibrated on the validation side, all its
        pixels are of that class and none of them is asked; above 1 all are asked.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    width: int = 64
    levels: int | None = None
    finest: int = 1
    blocks: int = 2
    dropout: float = 0.1
    norm: Norm = "column"
    decision: Decision = "pixel"
    pixel_width: int = 32
    sure: float = 0.95

    def __post_init__(self) -> None:
        for name, least in (("width", 1), ("finest", 0), ("blocks", 0), ("pixel_width", 1)):
            if getattr(self, name) < least:
                raise ParameterError(
                    f"{name} of a lattice network is {getattr(self, name)}; it must be at least {least}"
                )
        if self.levels is not None and not 0 <= self.levels <= MOST_LEVELS:
            raise ParameterError(f"levels of a lattice network is {self.levels}; it must be 0 to {MOST_LEVELS}")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of a lattice network is {self.dropout}; it must be at least 0 and below 1")
        if self.norm not in ("column", "row"):
            raise ParameterError(f"norm is {self.norm!r}; it must be 'column' or 'row'")
        if self.decision not in ("pixel", "region"):
            raise ParameterError(f"decision is {self.decision!r}; it must be 'pixel' or 'region'")
        if not self.sure > 0:
            raise ParameterError(f"sure is {self.sure}; it must be a probability above 0")

    def on(self, axes: int) -> LatticeSettings:
        """Return the same for images with so many axes, with all that follows from them."""
        return self if self.levels is not None else replace(self, levels=3 if axes == 2 else 1)

    @property
    def coarser(self) -> int:
        """How many coarser levels there are; `on` says it, where nobody has."""
        if self.levels is None:
            raise LookupError("how many levels there are follows from the axes of images")
        return self.levels
