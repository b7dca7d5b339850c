"""The shape of a lattice network, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from terrazzo.errors import ParameterError
from terrazzo.models.messages.settings import DirectedSettings

Decision = Literal["pixel", "region"]


@dataclass(frozen=True)
class LatticeSettings(DirectedSettings):
    """The shape of a lattice network; columns and classes follow from the data.

    Parameters
    ----------
    width : int
        Columns of a superpixel's embedding.
    levels : int, optional
        How often 2 x 2 cells, 2 x 2 x 2 in a volume, are pooled to one of the next coarser level: 3 in images, 1 in
        volumes, whose blocks need all that is seen around them along three axes.
    pool_sections : bool, optional
        Whether sections of a volume are pooled as well; by default, unless superpixels are of one section each.
    finest, blocks : int
        Rounds of messages on the way down and on the way up: at the finest level, and at each coarser one.
    dropout : float
        Share of an embedding's columns that a round drops in training.
    norm : {"column", "row"}
        How embeddings are normalised before a round: each column by what training saw of it; or each row by itself, as
        models of before have it, which learns less and bears other exposures worse.
    crf_steps : int
        Steps of a conditional random field over the logits of regions, in which those that touch agree on classes; 0 is
        none.
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

    NETWORK: ClassVar[str] = "a lattice network"

    decision: Decision = "pixel"
    pixel_width: int = 32
    sure: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least("pixel_width", 1)
        if self.decision not in ("pixel", "region"):
            raise ParameterError(f"decision is {self.decision!r}; it must be 'pixel' or 'region'")
        if not self.sure > 0:
            raise ParameterError(f"sure is {self.sure}; it must be a probability above 0")
