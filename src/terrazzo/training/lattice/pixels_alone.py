"""Where few superpixels are annotated: pixels also learn alone, and what they say then counts for most."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.scales import Scales
from terrazzo.training.lattice.batches import Batch
from terrazzo.training.lattice.calibrate import ValidationAnswers
from terrazzo.training.lattice.sampled_pixels import PixelSamples
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.rules.adamw import AdamW
from terrazzo.training.rules.exposure import Exposure, drawn_exposure
from terrazzo.training.rules.schedule import Schedule

STEPS, PARTS = 250, 4
"""The most steps in which pixels learn alone, and parts of a step that have an exposure each."""

MOST_ALONE = 0.75
"""What the logits of pixels that learned alone count for at most, beside those of pixels that hear superpixels."""

TOO_LITTLE, ENOUGH = 1 / 2, 2 / 3
"""The share of the others' mean IoU above chance on the validation side with which they count for nothing, and most."""

MOST_KEPT = 2**16
"""Pixels that they learn from."""

NEVER_SURE = 2.0
"""How sure a superpixel would have to be to decide for its pixels: none is."""


MOST_BRIGHTNESS = 0.3
"""How far brightness is altered at most for pixels that learn alone: no neighbourhood tells them what is bright."""


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
            drawn_by = drawn_exposure(rng, altered * training.contrast, altered * training.brightness, units)
            parts.append(exposure.altered(pixels.responses[rows], *drawn_by))
        given = (scales.pixels(np.concatenate(parts)), pixels.classes[drawn], pixels.counts[drawn])
        responses, classes, counts = (torch.from_numpy(one).to(device) for one in given)
        counted = counts if weights is None else counts * weights[classes]
        each = functional.cross_entropy(alone.pixel_logits(responses, nothing, nothing), classes, reduction="none")
        loss = (each * counted).sum() / counted.sum().clamp(min=1)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(schedule.rate(step))
    with torch.no_grad():
        for heard in (alone.own, alone.around):
            heard.weight.zero_()
    return alone


def decide_together(network: LatticeNetwork, alone: LatticeNetwork, validation: Sequence[Batch]) -> Mapping[str, float]:
    """Bring pixels that learned alone into a network: each pixel has the mean of both logits, and none is not asked.

    Strokes are drawn inside classes, those that are held out as well, and overrate neighbourhoods: so what pixels say
    alone counts for most, unless they are far worse on the validation side. In the wider layers that the network gets,
    the units of either say nothing to those of the other.

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
        The scores of the validation side; nothing where pixels that learned alone count for nothing, and the network
        stays as it is.
    """
    pair = (network, alone)
    answers = [ValidationAnswers.of(one, validation) for one in pair]
    chance = 1 / (2 * network.config.classes - 1)
    heard, lone = (one.scores()["validation_mean_iou"] - chance for one in answers)
    kept = (lone / max(heard, 1e-9) - TOO_LITTLE) / (ENOUGH - TOO_LITTLE)
    if kept <= 0:
        return {}
    share = MOST_ALONE * min(1.0, kept)
    # never surer than they were: where neither errs on the validation side, it says little
    heats = [max(1.0, one.temperatures().pixel) for one in answers]
    parts = [(1 - share) / heats[0], share / heats[1]]
    with torch.no_grad():
        decide = [(part * one.decide.weight, part * one.decide.bias) for part, one in zip(parts, pair, strict=True)]
        wider = {name: [getattr(one, name) for one in pair] for name in ("pixel", "own", "around")}
        for name, layers in wider.items():
            bias = None if layers[0].bias is None else torch.cat([layer.bias for layer in layers])
            setattr(network, name, _linear(torch.cat([layer.weight for layer in layers]), bias))
        network.decide = _linear(torch.cat([weight for weight, _ in decide], dim=1), decide[0][1] + decide[1][1])
    settings = replace(network.config.settings, pixel_width=len(network.pixel.weight), sure=NEVER_SURE)
    network.config = replace(network.config, settings=settings)
    return ValidationAnswers.of(network, validation).scores()


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device=weight.device)
    made.weight.copy_(weight)
    if bias is not None:
        made.bias.copy_(bias)
    return made.eval()
