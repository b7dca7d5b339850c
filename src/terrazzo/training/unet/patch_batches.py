"""What does a U-Net see in one step? Patches around annotated pixels, read when they are wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.blocks import Box
from terrazzo.models.device import has_bfloat16
from terrazzo.models.unet.network import UNet
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.training.rules.optimise import Graded
from terrazzo.training.rules.overlap_losses import overlap_loss
from terrazzo.training.rules.patch_source import PatchSource, padded
from terrazzo.training.rules.prefetched import prefetched
from terrazzo.training.rules.training import PixelLoss
from terrazzo.training.unet.judged_places import judged_places

LEAST_STEPS, MOST_STEPS = 25, 100
"""Steps of an epoch, which otherwise sees about as many pixels as are annotated."""

VALIDATION_SHARE, MOST_VALIDATION_PATCHES = 1 / 6, 64
"""Patches that an epoch is judged by, as a share of those that it learns from, and at most: a twentieth of its time."""


SECTION_SHARE = 0.33
"""How much what a network says before its pyramid counts beside what it says in the end."""


class Patch(NamedTuple):
    """A part of an image (c, y, x) or (c, z, y, x), the class of each pixel, 255 for none, and what each counts for."""

    pixels: NDArray[np.float32]
    truth: NDArray[np.uint8]
    counts: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PatchBatch:
    """Patches of one step.

    Parameters
    ----------
    pixels : Tensor of float32, shape (B, c, y, x) or (B, c, z, y, x)
        On the network's scale.
    truth : Tensor of int64, shape (B, y, x) or (B, z, y, x)
        The class of each pixel, 255 for none.
    counts : Tensor of float32, of the same shape
        What each pixel counts for.
    loss : {"cross-entropy", "dice", "lovasz"}
        What pixels pay.
    """

    pixels: Tensor
    truth: Tensor
    counts: Tensor
    loss: PixelLoss = "cross-entropy"

    def graded(self, network: nn.Module, weights: Tensor | None) -> Graded:
        """How a `UNet` does on it; where the device has bfloat16 it computes in that, with weights in float32.

        While it learns, what it says before its pyramid, if it has one, pays as well.
        """
        device = self.pixels.device
        served = has_bfloat16(device) and not (device.type == "cpu" and _is_thin(network, self.pixels.shape[2:]))
        with torch.autocast(device.type, torch.bfloat16, enabled=served):
            heads = network.heads(self.pixels) if isinstance(network, UNet) else (network(self.pixels),)
        said, *before = heads
        loss = self._lost(said, weights)
        if network.training:
            loss = loss + SECTION_SHARE * sum(self._lost(logits, weights) for logits in before)
        pixels = (self.truth != NOT_ANNOTATED).sum().to(torch.float32)
        right = (said.argmax(dim=1) == self.truth).sum()
        return Graded(loss, right / pixels.clamp(min=1), pixels)

    def _lost(self, logits: Tensor, weights: Tensor | None) -> Tensor:
        """Return what logits pay: the mean over annotated pixels, each as much as it counts for."""
        known = self.truth != NOT_ANNOTATED
        counts = self.counts * known
        each = functional.cross_entropy(
            logits.float(), self.truth, weights, ignore_index=NOT_ANNOTATED, reduction="none"
        )
        lost = (each * counts).sum() / counts.sum().clamp(min=1)
        if self.loss == "cross-entropy":
            return lost
        rows = logits.float().movedim(1, -1)[known]
        return lost + overlap_loss(self.loss, rows, self.truth[known], counts[known])


def _is_thin(network: nn.Module, shape: Sequence[int]) -> bool:
    """Whether a volume has fewer sections than a kernel somewhere: oneDNN's gradients in bfloat16 are wrong there."""
    if len(shape) < 3 or not isinstance(network, UNet):
        return False
    description, sections = network.description, shape[0]
    on_top = () if description.pyramid is None else description.pyramid.branches
    stacks = [(sections, on_top)]
    for down, up in zip(description.down.levels, (*description.up.levels[::-1], None), strict=True):
        sections = -(-sections // down.factor[0])
        stacks += [(sections, level.convolutions) for level in (down, up) if level is not None]
    # of a single section nothing but the middle of a kernel is used, and that is right
    return any(1 < left < 2 * one.radius[0] + 1 for left, stack in stacks for one in stack)


@dataclass(frozen=True, eq=False)
class Patches:
    """How patches become batches.

    Parameters
    ----------
    sources : sequence of PatchSource
    shape : tuple of int
        Of a patch in pixels, (y, x) or (z, y, x).
    batch : int
        Patches in a batch.
    mean, spread : ndarray of float32, shape (c,)
        What scales intensities.
    device : torch.device
    weighted : BoundaryWeights
        What annotated pixels count for.
    loss : {"cross-entropy", "dice", "lovasz"}
        What they pay.
    """

    sources: Sequence[PatchSource]
    shape: tuple[int, ...]
    batch: int
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    device: torch.device
    weighted: BoundaryWeights = BoundaryWeights()
    loss: PixelLoss = "cross-entropy"

    def read(self, number: int, start: tuple[int, ...], validation: bool) -> Patch:
        """Read a patch of an image; beyond the image's end its last pixels are repeated, without annotation."""
        source = self.sources[number]
        stop = (min(a + length, n) for a, length, n in zip(start, self.shape, source.extent, strict=True))
        box = Box(start, tuple(stop))
        column = (-1,) + (1,) * len(self.shape)
        scaled = (source.read_pixels(box) - self.mean.reshape(column)) / self.spread.reshape(column)
        # what a pixel counts for follows from the annotation around the patch as well
        seen = box.grown((0,) * (len(start) - 2) + (self.weighted.reach,) * 2, source.extent)
        truth = source.read_truth(seen, validation)
        counts = self.weighted.of(truth)[box.within(seen)]
        own = padded(truth[box.within(seen)], self.shape, NOT_ANNOTATED)
        return Patch(padded(scaled, self.shape), own, padded(counts, self.shape, 0))

    def together(self, patches: Sequence[Patch]) -> PatchBatch:
        """Return some patches as a batch on the device."""
        stacked = (np.stack(arrays) for arrays in zip(*patches, strict=True))
        pixels, truth, counts = (torch.from_numpy(array).to(self.device) for array in stacked)
        return PatchBatch(pixels, truth.to(torch.int64), counts, self.loss)


class TrainingPatches:
    """Patches drawn by annotated area: each tile as often as its share of the annotated pixels says.

    Parameters
    ----------
    patches : Patches
    steps : int, optional
        Batches in an epoch; by default as many as hold the annotated pixels once, within limits.
    """

    def __init__(self, patches: Patches, steps: int | None = None) -> None:
        self._patches = patches
        self._dark = -np.clip(patches.mean / patches.spread, 0, DARKEST)
        tiles = [
            (number, box, counts) for number, one in enumerate(patches.sources) for box, counts in one.tiles_of(False)
        ]
        self._tiles = [(number, box) for number, box, _ in tiles]
        self._upper = np.cumsum([float(counts.sum()) for *_, counts in tiles])
        seen = patches.batch * math.prod(patches.shape)
        annotated = self._upper[-1] if len(tiles) else 0
        self._steps = min(max(math.ceil(annotated / seen), LEAST_STEPS), MOST_STEPS) if steps is None else steps

    def __len__(self) -> int:
        return self._steps

    def epoch(self, rng: np.random.Generator) -> Iterator[PatchBatch]:
        """The batches of one epoch; each depends on nothing but its seed."""
        return prefetched(self.drawn, rng.integers(2**63, size=self._steps).tolist())

    def drawn(self, seed: int) -> PatchBatch:
        """The batch of a seed."""
        rng = np.random.default_rng(seed)
        return self._patches.together([self._patch(rng) for _ in range(self._patches.batch)])

    def _patch(self, rng: np.random.Generator) -> Patch:
        place = rng.random() * self._upper[-1]
        number, tile = self._tiles[min(int(np.searchsorted(self._upper, place, side="right")), len(self._tiles) - 1)]
        extent = self._patches.sources[number].extent
        centre = rng.integers(tile.start, tile.stop)
        spans = zip(centre.tolist(), self._patches.shape, extent, strict=True)
        start = tuple(max(0, min(middle - length // 2, n - length)) for middle, length, n in spans)
        return augmented(self._patches.read(number, start, validation=False), rng, self._dark)


class ValidationPatches:
    """The annotated pixels that are held out, in patches that stand side by side: each pixel is judged once.

    Parameters
    ----------
    patches : Patches
    seed : int
        Chooses patches where there are more than `most`, some with each class.
    most : int
    """

    def __init__(self, patches: Patches, seed: int, most: int = MOST_VALIDATION_PATCHES) -> None:
        self._patches = patches
        self._places = judged_places(patches.sources, patches.shape, most, seed)

    def __len__(self) -> int:
        return -(-len(self._places) // self._patches.batch)

    def __iter__(self) -> Iterator[PatchBatch]:
        batch = self._patches.batch
        groups = [self._places[i : i + batch] for i in range(0, len(self._places), batch)]
        return prefetched(lambda group: self._patches.together([self._patch(*one) for one in group]), groups)

    def _patch(self, number: int, place: tuple[int, ...]) -> Patch:
        """Read a patch, moved inwards at the image's end; only its own pixels are annotated."""
        shape, extent = self._patches.shape, self._patches.sources[number].extent
        own = tuple(index * length for index, length in zip(place, shape, strict=True))
        start = tuple(max(0, min(a, n - length)) for a, length, n in zip(own, shape, extent, strict=True))
        patch = self._patches.read(number, start, validation=True)
        for axis, (first, begun) in enumerate(zip(own, start, strict=True)):
            patch.truth[(slice(None),) * axis + (slice(0, first - begun),)] = NOT_ANNOTATED
        return patch


# What staining and exposure vary by: the logarithm of a gain, and an offset in units of the images' spread.
GAIN, OFFSET = 0.25, 0.3

DARKEST = 2.5
"""How far below the mean, in units of the spread, the intensity 0 is taken to be at most: a gain leaves it as it is."""


def augmented(patch: Patch, rng: np.random.Generator, dark: NDArray[np.float32] | float = 0.0) -> Patch:
    """Return a patch on the network's scale, mirrored and turned, and shown at another exposure.

    Each axis is mirrored or not; sections turn by a multiple of 90 degrees, of 180 where they are not square. Each
    channel's intensity gets a gain, which leaves `dark` (of each channel) as it is, and an offset.
    """
    pixels, truth, counts = patch
    mirrored = tuple(axis for axis in range(-truth.ndim, 0) if rng.random() < 0.5)
    quarters = int(rng.integers(4)) if truth.shape[-1] == truth.shape[-2] else 2 * int(rng.integers(2))
    column = (len(pixels),) + (1,) * truth.ndim
    gain = np.exp(GAIN * rng.standard_normal(column, np.float32))
    offset = OFFSET * rng.standard_normal(column, np.float32)

    def moved(array: NDArray[Any]) -> NDArray[Any]:
        return np.rot90(np.flip(array, mirrored), quarters, axes=(-2, -1))

    floor = np.broadcast_to(np.asarray(dark, np.float32), len(pixels)).reshape(column)
    return Patch((moved(pixels) - floor) * gain + (floor + offset), moved(truth), moved(counts))
