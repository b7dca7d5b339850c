"""The shape of a U-Net, as far as it is a matter of choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from terrazzo.errors import ParameterError
from terrazzo.models.unet.description import Kernels, PerAxis, UNetDescription, unet_description
from terrazzo.settings import Settings


@dataclass(frozen=True)
class UNetSettings(Settings):
    """The shape of a U-Net of one width (Ronneberger et al. 2015); inputs, classes and axes follow from the data.

    Parameters
    ----------
    base : int
        Channels at the image's resolution, doubled with each coarser level; 64 is the original size.
    depth : int
        How often the resolution falls.
    convolutions : int
        At each resolution, on the way down and up.
    kernels, pools : int, or per level an int or one int per axis
        Odd lengths of the convolutions, the finest level first (`depth + 1` entries), and factors between the levels
        (`depth` entries). One number serves all; so does one entry. Of sections that lie far apart, say
        `kernels=[(1, 3, 3), 3, 3]` and `pools=[(1, 2, 2), 2]` with a depth of 2. A level's entry of kernels may be a
        list, of one per convolution: `kernels=[[(1, 3, 3), (3, 3, 3)]]`.
    dropout : float
        Share of the channels' pixels dropped after each level in training.
    pyramid : int
        Channels of a spatial pyramid on top, which reads features and logits by parallel convolutions and adds them up;
        0 is none. With `kernels=[(1, 3, 3)]` and `pools=[(1, 2, 2)]` it is what looks along z: a hybrid of 2-D and 3-D.
    dilations : int, or per branch of the pyramid an int or one int per axis
        How far apart the places of a branch's kernel of 3 are. A single number is along y and x: sections stay
        neighbours.
    crf : int
        Steps of a local conditional random field at the end; 0 is none.
    crf_radius : int, or one int per axis
        Of the window in which pixels hear each other. A single number is along y and x: sections do not hear.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    base: int = 16
    depth: int = 4
    convolutions: int = 2
    kernels: Kernels = 3
    pools: PerAxis | Sequence[PerAxis] = 2
    dropout: float = 0.0
    pyramid: int = 0
    dilations: PerAxis | Sequence[PerAxis] = (1, 2, 4)
    crf: int = 0
    crf_radius: PerAxis = 2

    def __post_init__(self) -> None:
        # tuples all through, whatever lists came: the value is hashed
        for name in ("kernels", "pools", "dilations", "crf_radius"):
            object.__setattr__(self, name, _tuples(getattr(self, name)))
        for name, least in (("base", 1), ("depth", 1), ("convolutions", 1), ("pyramid", 0), ("crf", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ParameterError(f"{name} of a U-Net is {value!r}; it must be a whole number of at least {least}")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of a U-Net is {self.dropout}; it must be at least 0 and below 1")

    def description(self, inputs: int, classes: int, axes: int = 2) -> UNetDescription:
        """Return the U-Net of this shape for images of so many channels, classes and spatial axes.

        Raises
        ------
        ParameterError
            If kernels or pools do not fit the depth or the axes.
        """
        return unet_description(inputs, classes, axes=axes, **asdict(self))


def _tuples(given: Any) -> Any:
    return given if isinstance(given, int) else tuple(map(_tuples, given))
