"""A fitted U-Net with everything that applying it needs."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from terrazzo.errors import ModelError
from terrazzo.html import swatches, table
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.model import check_channels
from terrazzo.models.unet.network import UNet, channels_last
from terrazzo.wording import counted, figures_text, listed, pixel_text


@dataclass(frozen=True, eq=False)
class UNetModel:
    """A U-Net, fitted, with the scaling of the intensities that it reads.

    Parameters
    ----------
    network : UNet
        The network with its weights, which stay as they are.
    mean, spread : tuple of float
        Per channel: what is subtracted from intensities, and what they are then divided by. The same for any image.
    class_names : tuple of str
        The classes, in the order of their values.
    colours : tuple of str
        A colour `#rrggbb` per class.
    pixel_size : tuple of float or None
        The pixel size `(y, x)` or `(z, y, x)` of the images that it was fitted on.
    fitted : dict
        How the fit went: numbers for people.
    pixel_unit : str or None
        The unit of the pixel size.
    """

    network: UNet
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None

    def __post_init__(self) -> None:
        counts = {len(self.mean), len(self.spread), self.channels}
        if len(counts) > 1 or min(self.spread) <= 0:
            raise ModelError(
                f"a U-Net of {self.channels} channels has the means {self.mean} and spreads {self.spread}; give one of "
                "each per channel, spreads above 0"
            )

    @property
    def axes(self) -> int:
        """The number of spatial axes of its images."""
        return self.network.description.axes

    @property
    def channels(self) -> int:
        """The number of channels of its images."""
        return self.network.description.inputs

    def fingerprint(self) -> str:
        """Return a hash of the weights, the scaling and the description: what decides the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        decides = (self.network.description, self.mean, self.spread, self.class_names)
        digest = hashlib.sha256(repr(decides).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    def check_channels(self, channels: int) -> None:
        """Raise a ModelError if images with this number of channels are not what the model was fitted on."""
        check_channels(channels, self.channels)

    def scaled(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Return intensities (c, y, x) or (c, z, y, x) on the network's scale."""
        column = (-1,) + (1,) * self.axes
        mean, spread = (np.array(values, np.float32).reshape(column) for values in (self.mean, self.spread))
        scaled: NDArray[np.float32] = (pixels.astype(np.float32) - mean) / spread
        return scaled

    def logits(self, pixels: NDArray[Any], *, device: str = "cpu") -> NDArray[np.floating[Any]]:
        """Return the logits of each class at each pixel, in the type of the network's weights.

        At the image's end the last pixel is repeated up to a whole stride; beyond, and before the image's start,
        convolutions see zeros, which is the mean intensity.

        Parameters
        ----------
        pixels : ndarray, shape (c, y, x) or (c, z, y, x)
            Intensities of an image, or of a window that starts at multiples of the stride.
        device : str
            "cpu", "cuda", "cuda:0" or "auto".

        Returns
        -------
        ndarray, shape (classes, y, x) or (classes, z, y, x)
        """
        where = choose_device(device)
        extent, stride = pixels.shape[1:], self.network.description.stride
        missing = [(0, -length % step) for length, step in zip(extent, stride, strict=True)]
        padded = np.pad(self.scaled(pixels), [(0, 0), *missing], mode="edge")
        network = _ready(self, where)
        with _turn(where), torch.inference_mode():
            batch = torch.from_numpy(padded)[None].to(where, next(network.parameters()).dtype)
            logits: NDArray[np.floating[Any]] = network(batch)[0].cpu().numpy()
        return logits[(slice(None), *map(slice, extent))]

    def __repr__(self) -> str:
        network, images, pixels = self._said()
        shape = f"{network}; {images}{f'; pixels of {pixels}' if pixels else ''}"
        return f"<terrazzo.UNetModel: {shape}; classes {listed(self.class_names)}>"

    def _repr_html_(self) -> str:
        said = dict(zip(("Network", "Reads", "Pixels of"), self._said(), strict=True))
        classes = {"Classes": swatches(self.class_names, self.colours), "Fitted": figures_text(self.fitted)}
        return table("terrazzo.UNetModel", said | classes)

    def _said(self) -> tuple[str, str, str | None]:
        shape = self.network.description
        finest, coarsest = (shape.down.levels[level].channels for level in (0, -1))
        return (
            f"depth {shape.depth}, {finest} to {coarsest} channels",
            f"{'images' if self.axes == 2 else 'volumes'} of {counted(self.channels, 'channel')}",
            pixel_text(self.pixel_size, self.pixel_unit),
        )


_networks: WeakKeyDictionary[UNetModel, dict[torch.device, nn.Module]] = WeakKeyDictionary()
_preparing, _on_gpu = threading.Lock(), threading.Lock()


def _ready(model: UNetModel, device: torch.device) -> nn.Module:
    """Return the network as prediction wants it, made once per process and device."""
    with _preparing:
        made = _networks.setdefault(model, {})
        if device not in made:
            made[device] = channels_last(model.network.folded().to(device), model.axes)
        return made[device]


@contextmanager
def _turn(device: torch.device) -> Iterator[None]:
    """Let one block at a time onto a GPU, whose memory is for one, and compute in full single precision there."""
    if device.type == "cpu":
        yield
        return
    with _on_gpu, torch.backends.cudnn.flags(allow_tf32=False):
        yield
