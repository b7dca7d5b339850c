"""The shape of a network on region graphs, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from terrazzo.errors import ParameterError
from terrazzo.models.messages.settings import DirectedSettings


@dataclass(frozen=True)
class GNNSettings(DirectedSettings):
    """The shape of a network on region graphs; columns and classes follow from the data.

    Parameters
    ----------
    width : int
        Columns of a region's embedding.
    levels : int, optional
        How often regions are pooled: to squares with sides of twice the size in the recipe, four times that, and so on.
        3 in images, 1 in volumes.
    pool_sections : bool, optional
        Whether sections of a volume are pooled as well; by default, unless superpixels are of one section each.
    finest, blocks : int
        Rounds of messages on the way down and on the way up: between regions, and at each coarser level.
    dropout : float
        Share of a region's embedding that a round drops in training.
    norm : {"column", "row"}
        How embeddings are normalised before a round: each column by what training saw of it, or each row by itself.
    crf_steps : int
        Steps of a conditional random field over the logits of regions, in which those that touch agree on classes; 0 is
        none.
    decision : {"region"}
        Who decides on a pixel's class: its region, as there is nothing else. A graph comes without pixels.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    NETWORK: ClassVar[str] = "a network on region graphs"

    decision: Literal["region"] = "region"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decision != "region":
            raise ParameterError(
                f"decision is {self.decision!r}; a graph comes without pixels, so that its regions decide: leave it "
                "out, or use fit(…) on images, whose superpixels stand on a lattice that pixels can look around on"
            )
