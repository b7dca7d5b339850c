"""Where few superpixels are annotated: pixels also learn alone, and may decide so."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.scales import Scales
from terrazzo.training.lattice.batches import Batch
from terrazzo.training.lattice.calibrate import ValidationAnswers
from terrazzo.training.lattice.sampled_pixels import PixelSamples
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.rules.adamw import AdamW
from terrazzo.training.rules.exposure import Exposure
from terrazzo.training.rules.schedule import Schedule

FEW = 700
"""Annotated superpixels below which pixels learn alone as well."""

STEPS, PARTS = 250, 4
"""The most steps in which pixels learn alone, and parts of a step that have an exposure each."""

ENOUGH_ALONE = 2 / 3
"""The share of the validation side's mean IoU, above that of chance, that pixels must keep to decide alone."""

MOST_KEPT = 2**16
"""Pixels that they learn from."""

NEVER_SURE = 2.0
"""How sure superpixels would have to be to decide for pixels that decide alone: none is."""


@dataclass(frozen=True, eq=False)
class LonePixels:
    """Annotated pixels of the training side.

    Parameters
    ----------
    responses : ndarray of float32, shape (P, K)
    classes : ndarray of int64, shape (P,)
    counts : ndarray of float32, shape (P,)
        What each counts for in the loss.
    """

    responses: NDArray[np.float32]
    classes: NDArray[np.int64]
    counts: NDArray[np.float32]

    @classmethod
    def of(cls, numbers: Sequence[int], parts: Iterable[PixelSamples], seed: int) -> LonePixels:
        """Return pixels of several parts, of which so many are known to be there: some, where they are many."""
        rows = np.sort(np.random.default_rng(seed).permutation(sum(numbers))[:MOST_KEPT])
        starts = np.cumsum([0, *numbers[:-1]])
        of_parts = np.split(rows, np.searchsorted(rows, starts[1:]))
        some = PixelSamples.joined(
            [part.chosen(own - start) for part, own, start in zip(parts, of_parts, starts, strict=True)]
        )
        return cls(some.responses, some.classes.astype(np.int64), some.areas * some.weights)


def learned_alone(
    network: LatticeNetwork,
    pixels: LonePixels,
    scales: Scales,
    exposure: Exposure,
    units: NDArray[np.float32],
    training: LatticeTraining,
    weights: Tensor | None,
    steps: int,
    altered: float,
) -> LatticeNetwork:
    """Return a copy of a network whose pixels have learned to decide by their responses and hear nothing else.

    Parameters
    ----------
    network : LatticeNetwork
        On its device.
    pixels : LonePixels
    scales : Scales
    exposure : Exposure
        Of responses.
    units : ndarray of float32, shape (channels,)
        The deviation of the channels' intensities.
    training : LatticeTraining
    weights : Tensor, optional
        Class weights of the loss, on the network's device.
    steps : int
        Those of the network: they take no more.
    altered : float
        The share of the usual alterations of contrast and brightness.
    """
    alone, rng = copy.deepcopy(network), np.random.default_rng(training.seed)
    device = alone.decide.weight.device
    nothing = torch.zeros((), device=device)
    optimiser = AdamW(alone, training.weight_decay)
    schedule = Schedule(min(STEPS, steps), training.learning_rate)
    for step in range(schedule.steps):
        drawn = rng.permutation(len(pixels.classes))[: training.pixels]
        parts = []
        for rows in np.array_split(drawn, PARTS):
            factor = float(np.exp(rng.normal(0, altered * training.contrast)))
            moved = (rng.normal(0, altered * training.brightness) * units).astype(np.float32)
            parts.append(exposure.altered(pixels.responses[rows], factor, moved))
        given = (scales.pixels(np.concatenate(parts)), pixels.classes[drawn], pixels.counts[drawn])
        responses, classes, counts = (torch.from_numpy(one).to(device) for one in given)
        counted = counts if weights is None else counts * weights[classes]
        each = functional.cross_entropy(alone.pixel_logits(responses, nothing, nothing), classes, reduction="none")
        loss = (each * counted).sum() / counted.sum().clamp(min=1)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(schedule.rate(step))
    alone.hear(0)
    return alone


def decide_alone(network: LatticeNetwork, alone: LatticeNetwork, validation: Sequence[Batch]) -> Mapping[str, float]:
    """Bring pixels that learned alone into a network, unless they are far worse than its own.

    Strokes are drawn inside classes, those that are held out as well, and overrate neighbourhoods: so pixels decide
    alone even where the validation side thinks a little less of it.

    Parameters
    ----------
    network : LatticeNetwork
        On the device of the batches; it is changed in place.
    alone : LatticeNetwork
        Of `learned_alone`.
    validation : sequence of Batch

    Returns
    -------
    mapping of str to float
        The scores of the validation side if they decide alone, else nothing.
    """
    chance = 1 / (2 * network.config.classes - 1)
    own, others = (ValidationAnswers.of(one, validation).scores() for one in (network, alone))
    if others["validation_mean_iou"] - chance < ENOUGH_ALONE * (own["validation_mean_iou"] - chance):
        return {}
    for name in ("pixel", "own", "around", "decide"):
        getattr(network, name).load_state_dict(getattr(alone, name).state_dict())
    network.config = replace(network.config, settings=replace(network.config.settings, sure=NEVER_SURE))
    return others
