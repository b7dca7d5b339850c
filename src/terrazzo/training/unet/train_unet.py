"""How does a U-Net learn from annotated images?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import torch
from torch import nn

from terrazzo.blocks import Box
from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.network import UNet, channels_first, channels_last
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.graphs.scaling import FeatureMoments
from terrazzo.training.rules.losses import class_weights
from terrazzo.training.rules.optimise import Epoch, optimise
from terrazzo.training.rules.patch_source import PatchSource
from terrazzo.training.rules.training import UNetTraining
from terrazzo.training.unet.patch_batches import (
    MOST_VALIDATION_PATCHES,
    VALIDATION_SHARE,
    Patches,
    TrainingPatches,
    ValidationPatches,
)

SCALING_TILES = 64
"""Training tiles, at most, whose intensities decide the scaling."""


@dataclass(frozen=True, eq=False)
class FittedUNet:
    """A trained network, what scales its images, and how it went.

    Parameters
    ----------
    network : UNet
        With the weights of the best epoch, on the CPU, in evaluation mode.
    mean, spread : tuple of float
        Per channel.
    history : tuple of Epoch
    steps : int
        Planned in all: given as `UNetTraining.steps` they repeat the run.
    """

    network: UNet
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    history: tuple[Epoch, ...]
    steps: int


def train_unet(
    description: UNetDescription,
    sources: Sequence[PatchSource],
    patch: tuple[int, ...],
    training: UNetTraining = UNetTraining(),
    *,
    make: Callable[[UNetDescription], nn.Module] = UNet,
    began: float | None = None,
) -> FittedUNet:
    """Train a U-Net on patches until the validation loss no longer falls.

    Parameters
    ----------
    description : UNetDescription
    sources : sequence of PatchSource
        Images with what of them is held out, such as `split_sources` returns.
    patch : tuple of int
        Shape of a patch.
    training : UNetTraining
    make : callable
        What makes the network of a description.
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.

    Raises
    ------
    ParameterError
        If a batch is too small for batch normalisation or too large for the GPU, or the loss is no longer finite.
    """
    batch, seed = training.batch, training.seed
    coarsest = batch * math.prod(patch) // math.prod(description.stride)
    if coarsest < 2:
        raise ParameterError(
            f"batch is {batch} and patch {patch}; they must leave more than one pixel at the coarsest level"
        )
    began, on = time.monotonic() if began is None else began, choose_device(training.device)
    mean, spread = intensity_scaling(sources, seed)
    scaling = np.array(mean, np.float32), np.array(spread, np.float32)
    weighted = BoundaryWeights(training.boundary, training.boundary_width)
    patches = Patches(sources, patch, batch, *scaling, on, weighted, training.loss)
    learned = TrainingPatches(patches)
    judged = ValidationPatches(patches, seed, validation_patches(len(learned), batch))
    pixels = reduce(add, (counts.astype(np.float64) for one in sources for _, counts in one.tiles_of(validation=False)))
    weights = class_weights(torch.tensor(pixels, device=on), training.weighting)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[on] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        network = channels_last(make(description).to(on), description.axes)
        try:
            course = optimise(network, learned, judged, training, weights=weights, rng=rng, began=began)
        except torch.OutOfMemoryError as error:
            raise ParameterError(
                f"a batch of {batch} patches of {patch} pixels does not fit the memory of {on}; use a smaller batch, "
                f"such as {max(1, batch // 2)}, a smaller patch or a smaller base"
            ) from error
    return FittedUNet(channels_first(network.cpu()), mean, spread, *course)  # type: ignore[arg-type]


def validation_patches(steps: int, batch: int) -> int:
    """Return the most patches that an epoch of so many steps is judged by, in whole batches."""
    return min(max(int(VALIDATION_SHARE * steps), 1) * batch, MOST_VALIDATION_PATCHES)


def intensity_scaling(sources: Sequence[PatchSource], seed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel in up to 64 training tiles, chosen by the seed.

    A channel that does not vary has a spread of 1.
    """
    tiles = [(one, box) for one in sources for box, _ in one.tiles_of(validation=False)]
    chosen = np.random.default_rng(seed).permutation(len(tiles))[:SCALING_TILES]
    moments = [_moments(*tiles[row]) for row in sorted(chosen.tolist())]
    total = reduce(add, moments)
    spread = np.sqrt(total.squares / total.count)
    return tuple(total.mean.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist())


def _moments(source: PatchSource, box: Box) -> FeatureMoments:
    pixels = source.read_pixels(box)
    return FeatureMoments.of(pixels.reshape(len(pixels), -1).T)
