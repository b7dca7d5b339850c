"""Attention among the channels of a node, over the graph of channels of its region: GATv2 of width 1."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from terrazzo.models.nested.channel_sums import ChannelSums


class ChannelAttention(nn.Module):
    """A layer of GATv2 (Brody, Alon, Yahav 2022) from one number per channel to one number per channel.

    Channel i hears ``sum over j of a_ij s_j + bias`` with ``s = w x + b``, ``t = u x + c`` and ``a_ij`` the softmax
    over j of ``v * LeakyReLU(s_j + t_i)``; j are the channels that i hears, itself among them.
    """

    def __init__(self) -> None:
        super().__init__()
        # Glorot's, of one number
        bound = math.sqrt(3.0)
        self.source, self.place, self.score = (nn.Parameter(torch.empty(()).uniform_(-bound, bound)) for _ in range(3))
        self.source_bias, self.place_bias, self.bias = (nn.Parameter(torch.zeros(())) for _ in range(3))

    def forward(self, x: Tensor, graph: ChannelSums) -> Tensor:
        """Return what channels hear.

        Parameters
        ----------
        x : Tensor of float32, shape (G, N)
            The channels of nodes of one region.
        graph : ChannelSums
            Of that region.

        Returns
        -------
        Tensor of float32, shape (G, N)
        """
        return graph.attended(*self._sides(x), self.score) + self.bias

    def attention(self, x: Tensor, graph: ChannelSums) -> Tensor:
        """Return how much of what channels hear comes from each, shape (E, N), in the order of the graph's edges."""
        return graph.attention(*self._sides(x), self.score)

    def _sides(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.source * x + self.source_bias, self.place * x + self.place_bias
