"""The shape of a nested graph network, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.errors import ParameterError
from terrazzo.models.messages.backends import BACKENDS, Backend
from terrazzo.settings import Settings

PLAIN_K = 7.0
"""Channels that each hears, itself included, where the depth of counts does not say it."""

MEMORY = 512 * 2**20


@dataclass(frozen=True)
class NestedSettings(Settings):
    """The shape of a nested graph network.

    Parameters
    ----------
    width : int
        Numbers of a node's embedding.
    k : float, optional
        How many channels each one hears on the average, itself included. By default 7, and on counts of at least 31
        channels what the rule of their depth says.
    inner : bool
        Whether there are graphs of channels inside the nodes; without them nodes begin with the channels as they are.
    centred : bool, optional
        Whether means are taken away where they would hide the rest: of channels in a region before its main components
        are looked for, and of what nodes tell their neighbours, without which who has fewer seems to be another. By
        default they are, but for counts.
    nearest : int
        A node takes the domain that most of so many nodes nearest to it have; 0 leaves each its own. On an image these
        are the nearest of those whose cells are at most `CELLS_ASKED` away.
    region : int
        On an image: how many superpixels wide the regions are whose channels are correlated.
    backend : {"auto", "dgl", "torch"}
        What adds up messages; "auto" is plain torch with a kernel of our own for graphs of channels, which is quicker
        than DGL.
    memory : int
        About how many bytes a batch of inner graphs may take. It changes no number, but for rounding.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    width: int = 64
    k: float | None = None
    inner: bool = True
    centred: bool | None = None
    nearest: int = 50
    region: int = 10
    backend: Backend = "auto"
    memory: int = MEMORY

    def __post_init__(self) -> None:
        for name, least in (("width", 1), ("nearest", 0), ("region", 2), ("memory", 1)):
            if getattr(self, name) < least:
                raise ParameterError(
                    f"{name} of a nested graph network is {getattr(self, name)}; it must be at least {least}"
                )
        if self.k is not None and not self.k >= 0:
            raise ParameterError(f"k of a nested graph network is {self.k}; it must be at least 0")
        if self.backend not in BACKENDS:
            raise ParameterError(f"there is no backend {self.backend!r}; use 'auto', 'dgl' or 'torch'")
