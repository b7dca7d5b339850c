"""A fitted U-Net with everything that applying it needs."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import ModelError
from terrazzo.memory import WORKER_WITH_TORCH
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel, common_of
from terrazzo.models.passes.declared import Given, Holds, Pass, Pixels, Seen
from terrazzo.models.passes.pixel_classes import no_classes, outside_masked
from terrazzo.models.unet.description import described, plain
from terrazzo.models.unet.network import UNet, channels_last
from terrazzo.models.unet.pixel_blocks import halo, pixel_grid, pixel_window
from terrazzo.models.unet.pixel_task import multiply_adds, pixel_bytes
from terrazzo.regions.classes.annotation import in_8_bits
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import FeatureSet
from terrazzo.regions.superpixels.single_precision import single_precision, usable
from terrazzo.wording import counted

COPIES_OF_WEIGHTS = 3


@dataclass(frozen=True, eq=False, repr=False)
class UNetModel(FittedModel):
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
    seen : Distribution or None
        The intensities of the images that it was fitted on.
    """

    network: UNet
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    seen: Distribution | None = None

    def __post_init__(self) -> None:
        counts = {len(self.mean), len(self.spread), self.channels}
        if len(counts) > 1 or min(self.spread) <= 0:
            raise ModelError(
                f"a U-Net of {self.channels} channels has the means {self.mean} and spreads {self.spread}; give one of "
                "each per channel, spreads above 0"
            )

    kind = "unet"
    title = "U-Net"

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

    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image: of whole strides."""
        return pixel_grid(self.network.description, extent, block)

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the only pass: from pixels to classes and their probabilities."""
        description = self.network.description
        # the weights as they came, as a model, and ready for prediction
        weights = COPIES_OF_WEIGHTS * sum(t.numel() * t.element_size() for t in self.network.state_dict().values())
        only = Pass(
            name="classes",
            reads=(Pixels(partial(pixel_window, description)),),
            gives=("classes", "probabilities"),
            run=partial(_classes, model=self, device=device),
            nothing=no_classes,
            decides=(self.fingerprint(), device),
            holds=Holds(partial(pixel_bytes, description=description), WORKER_WITH_TORCH + weights),
        )
        return (only,)

    def header(self) -> dict[str, Any]:
        """Return the description and the scaling as values of JSON."""
        return {"network": plain(self.network.description), "mean": self.mean, "spread": self.spread}

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights."""
        return {f"network.{name}": tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}

    @classmethod
    def restored(
        cls,
        header: Mapping[str, Any],
        tensors: Mapping[str, torch.Tensor],
        features: FeatureSet | None = None,  # noqa: ARG003
    ) -> UNetModel:
        """Return the U-Net of a header and its weights; see `FittedModel.restored`."""
        network = UNet(described(header["network"])).eval()
        network.load_state_dict({name.removeprefix("network."): tensor for name, tensor in tensors.items()})
        return cls(network, tuple(header["mean"]), tuple(header["spread"]), **common_of(header))

    def described(self) -> dict[str, Any]:
        """Return scaling and network as plain values."""
        description = self.network.description
        return {
            "mean": self.mean,
            "spread": self.spread,
            "network": {
                "kind": self.title,
                "base": description.down.levels[0].channels,
                "depth": description.depth,
                **({} if description.pyramid is None else {"pyramid": description.pyramid.channels}),
                **({} if description.crf is None else {"crf": description.crf.steps}),
            },
            "stride": description.stride,
            "halo": halo(description),
            "multiply_adds_per_pixel": multiply_adds(description),
            "parameters": sum(weights.numel() for weights in self.network.parameters()),
        }

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

    def block_logits(self, block: Block, seen: Seen, *, device: str = "cpu") -> NDArray[np.floating[Any]]:
        """Return the logits of each class at each pixel of a block's core, shape (classes, y, x) or (classes, z, y, x).

        Parameters
        ----------
        block : Block
            Of the model's grid.
        seen : Seen
            Intensities of the block's `pixel_window`; where the mask is False pixels may be NaN or infinite, which
            counts as the mean intensity.
        device : str
            Where the network runs.

        Raises
        ------
        InputError
            If a pixel inside the mask is NaN or infinite.
        """
        pixels = seen.pixels
        if seen.mask is not None and not seen.mask.all():
            means = np.array(self.mean, np.float32).reshape((-1,) + (1,) * self.axes)
            pixels = np.where(seen.mask | usable(pixels), pixels, means)
        logits = self.logits(single_precision(pixels, seen.box), device=device)
        return logits[(slice(None), *block.core.within(seen.box))]

    def said(self) -> dict[str, str | None]:
        """Return its shape and what it reads, for people."""
        shape = self.network.description
        finest, coarsest = (shape.down.levels[level].channels for level in (0, -1))
        branches = () if shape.pyramid is None else shape.pyramid.branches
        pyramid = f", a pyramid of {counted(len(branches), 'convolution')}" if branches else ""
        crf = "" if shape.crf is None else f", {counted(shape.crf.steps, 'step')} of a CRF"
        return {
            "Network": f"depth {shape.depth}, {finest} to {coarsest} channels{pyramid}{crf}",
            "Reads": f"{'images' if self.axes == 2 else 'volumes'} of {counted(self.channels, 'channel')}",
        }


def _classes(block: Block, seen: Seen, *, model: UNetModel, device: str) -> Given:
    logits = model.block_logits(block, seen, device=device)
    classes: NDArray[np.uint8] = logits.argmax(axis=0).astype(np.uint8)
    return {"classes": outside_masked(classes, block, seen), "probabilities": _planes(logits, block, seen)}


def _planes(logits: NDArray[np.floating[Any]], block: Block, seen: Seen) -> Iterator[NDArray[np.uint8]]:
    """Yield for each class its probability at each pixel, in 8 bits; 0 outside the mask."""
    for plane in torch.softmax(torch.from_numpy(logits), dim=0).numpy():
        yield outside_masked(in_8_bits(plane), block, seen, 0)


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
