"""The lattice network: superpixels hear their neighbours by direction, on several levels; pixels ask around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from terrazzo.errors import ParameterError
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.directed_network import DirectedNetwork


@dataclass(frozen=True)
class LatticeConfig:
    """The shape of a `LatticeNetwork`; its fields are plain JSON values but for the settings, which are spread.

    Parameters
    ----------
    axes : int
        2 or 3.
    node_columns, pixel_columns : int
        Numbers per superpixel and per pixel that come in.
    classes : int
    settings : LatticeSettings
    edge_columns : int
        Numbers per boundary, where a conditional random field looks at them.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    axes: int
    node_columns: int
    pixel_columns: int
    classes: int
    settings: LatticeSettings
    edge_columns: int = 0

    def __post_init__(self) -> None:
        if self.axes not in (2, 3) or min(self.node_columns, self.pixel_columns, self.classes) < 1:
            raise ParameterError(
                f"a lattice network has {self.axes} axes, {self.node_columns} and {self.pixel_columns} columns and "
                f"{self.classes} classes; it must have 2 or 3 axes and at least one of each"
            )


class Projected(NamedTuple):
    """Embeddings brought to the width of the pixels' network, each shape (…, H)."""

    own: Tensor
    around: Tensor


class LatticeNetwork(DirectedNetwork):
    """Embeddings of superpixels by directed messages, and the logits of superpixels and pixels that follow from them.

    Parameters
    ----------
    config : LatticeConfig
    """

    def __init__(self, config: LatticeConfig) -> None:
        chosen = config.settings
        super().__init__(config.axes, config.node_columns, config.classes, chosen, config.edge_columns)
        self.config = config
        if chosen.decision == "pixel":
            self.pixel = nn.Linear(config.pixel_columns, chosen.pixel_width)
            self.own = nn.Linear(chosen.width, chosen.pixel_width, bias=False)
            self.around = nn.Linear(chosen.width, chosen.pixel_width, bias=False)
            self.decide = nn.Linear(chosen.pixel_width, config.classes)

    def projected(self, h: Tensor) -> Projected:
        """Return embeddings as the pixels' network takes them: of a pixel's own superpixel, and of those around."""
        return Projected(self.own(h), self.around(h))

    def pixel_logits(self, responses: Tensor, own: Tensor, around: Tensor) -> Tensor:
        """Return the logits of pixels, shape (P, classes).

        Parameters
        ----------
        responses : Tensor of float32, shape (P, pixel_columns)
            Their own filter responses, scaled.
        own, around : Tensor of float32, shape (P, pixel_width)
            `projected` of their superpixel, and interpolated between the cells around them.
        """
        logits: Tensor = self.decide(functional.gelu(self.pixel(responses) + own + around))
        return logits
