"""The shape of a network of directed messages, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings

Norm = Literal["column", "row"]

MOST_LEVELS, MOST_CRF_STEPS = 6, 20

FITTED_SIZE = 8
"""The spacing of superpixels in pixels where a fit is told none: finer than 16, where they alone are asked for."""


@dataclass(frozen=True)
class DirectedSettings(Settings):
    """What all networks of directed messages have in common.

    Parameters
    ----------
    width : int
        Columns of a region's embedding.
    levels : int, optional
        How often 2 x 2 cells, 2 x 2 x 2 in a volume, are pooled to one of the next coarser level: 3 in images, 1 in
        volumes, whose blocks need all that is seen around them along three axes.
    pool_sections : bool, optional
        Whether sections of a volume are pooled as well; otherwise coarser cells are 1 x 2 x 2, of one section each. By
        default they are, unless superpixels are of one section each.
    finest, blocks : int
        Rounds of messages on the way down and on the way up: at the finest level, and at each coarser one.
    dropout : float
        Share of an embedding's columns that a round drops in training.
    norm : {"column", "row"}
        How embeddings are normalised before a round: each column by what training saw of it; or each row by itself, as
        lattice networks of before have it, which learns less and bears other exposures worse.
    crf_steps : int
        Steps of a conditional random field over the logits of regions, in which those that touch agree on classes: see
        `MeanField`. A block needs two cells more around it for each, one along z where superpixels are of one
        section. 0 is none.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    NETWORK: ClassVar[str] = "a network"

    width: int = 64
    levels: int | None = None
    pool_sections: bool | None = None
    finest: int = 1
    blocks: int = 2
    dropout: float = 0.1
    norm: Norm = "column"
    crf_steps: int = 0

    def __post_init__(self) -> None:
        for name, least in (("width", 1), ("finest", 0), ("blocks", 0), ("crf_steps", 0)):
            self.check_least(name, least)
        if self.levels is not None and not 0 <= self.levels <= MOST_LEVELS:
            raise ParameterError(f"levels of {self.NETWORK} is {self.levels}; it must be 0 to {MOST_LEVELS}")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of {self.NETWORK} is {self.dropout}; it must be at least 0 and below 1")
        if self.crf_steps > MOST_CRF_STEPS:
            raise ParameterError(f"crf_steps of {self.NETWORK} is {self.crf_steps}; it must be 0 to {MOST_CRF_STEPS}")
        if self.norm not in ("column", "row"):
            raise ParameterError(f"norm is {self.norm!r}; it must be 'column' or 'row'")

    def check_least(self, name: str, least: int) -> None:
        """Raise a ParameterError if a value is below the least that it may be."""
        if getattr(self, name) < least:
            raise ParameterError(f"{name} of {self.NETWORK} is {getattr(self, name)}; it must be at least {least}")

    def on(self, size: tuple[int, ...]) -> Self:
        """Return the same for superpixels of a size, with all that follows from it."""
        levels = (3 if len(size) == 2 else 1) if self.levels is None else self.levels
        pooled = (len(size) == 2 or size[0] > 1) if self.pool_sections is None else self.pool_sections
        return replace(self, levels=levels, pool_sections=pooled)

    def pooling(self, axes: int) -> tuple[int, ...]:
        """Return how many cells along each axis make one of the next coarser level."""
        return (1, 2, 2) if axes == 3 and self.pool_sections is False else (2,) * axes

    def coarsest(self, axes: int) -> tuple[int, ...]:
        """Return how many cells along each axis make one of the coarsest level."""
        return tuple(pooled**self.coarser for pooled in self.pooling(axes))

    @property
    def coarser(self) -> int:
        """How many coarser levels there are; `on` says it, where nobody has."""
        if self.levels is None:
            raise LookupError("how many levels there are follows from the axes of images")
        return self.levels

    @property
    def rounds(self) -> list[int]:
        """Rounds of messages on each level, the finest first."""
        return [self.finest, *[self.blocks] * self.coarser]
