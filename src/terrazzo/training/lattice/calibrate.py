"""How sure may a fitted lattice network be? Temperatures by which it is right on the validation side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.regions.classes.calibration import calibration_error, confidence_of
from terrazzo.training.lattice.batches import Batch
from terrazzo.training.rules.calibration import (
    annotated_regions,
    cautious_temperature,
    error_figures,
    highest_probabilities,
    region_error,
    region_temperature,
)
from terrazzo.training.rules.optimise import mean_iou

MOST_PIXELS = 2**17
"""Of more sampled pixels every n-th is looked at."""


@dataclass(frozen=True, eq=False)
class ValidationAnswers:
    """What a network says of superpixels and sampled pixels of the validation side, and what they are.

    Parameters
    ----------
    regions : ndarray of float32, shape (N, C)
        Logits of superpixels.
    counts : ndarray of float64, shape (N, C)
        Their annotated pixels of each class.
    pixels : ndarray of float32, shape (P, C), or None
        Logits of sampled pixels, where pixels decide.
    places : ndarray of int64, shape (P,)
        The row of each pixel's superpixel.
    classes : ndarray of int64, shape (P,)
    areas : ndarray of float32, shape (P,)
        The annotated pixels that each stands for.
    """

    regions: NDArray[np.float32]
    counts: NDArray[np.float64]
    pixels: NDArray[np.float32] | None
    places: NDArray[np.int64]
    classes: NDArray[np.int64]
    areas: NDArray[np.float32]

    @classmethod
    @torch.no_grad()
    def of(cls, network: LatticeNetwork, batches: Iterable[Batch]) -> ValidationAnswers:
        """Return those of a network on the batches of the validation side, in their order."""
        network.eval()
        regions, counts, pixels, places, classes, areas = ([] for _ in range(6))
        rows = 0
        for batch in batches:
            said = batch.answers(network)
            annotated = batch.areas.flatten()
            regions.append(said.regions.cpu().numpy())
            shares = batch.fractions.flatten(0, -2).to(torch.float64)
            counts.append((shares * annotated[:, None]).cpu().numpy())
            places.append(rows + batch.places.cpu().numpy())
            classes.append(batch.classes.cpu().numpy())
            areas.append(batch.weights.cpu().numpy())
            rows += len(annotated)
            if said.pixels is not None:
                pixels.append(said.pixels.cpu().numpy())
        every = max(1, -(-sum(map(len, classes)) // MOST_PIXELS))
        joined = [np.concatenate(parts)[::every] for parts in (places, classes, areas)]
        decided = np.concatenate(pixels)[::every] if pixels else None
        return cls(np.concatenate(regions), np.concatenate(counts), decided, *joined)

    def temperatures(self) -> Temperatures:
        """Return the temperature of each."""
        region = region_temperature(self.regions, self.counts)
        if self.pixels is None or not self.areas.any():
            return Temperatures(region)
        regions = annotated_regions(self.counts)
        return Temperatures(region, cautious_temperature(self.pixels, self.classes, self.areas, regions))

    def scores(self) -> dict[str, float]:
        """Return accuracy and mean IoU of pixels, all of which decide."""
        if self.pixels is None:
            raise LookupError("there is no score of pixels where superpixels decide")
        classes = self.pixels.shape[1]
        confusion = np.zeros((classes, classes))
        np.add.at(confusion, (self.classes, self.pixels.argmax(axis=1)), self.areas)
        right = float(np.trace(confusion) / max(1.0, confusion.sum()))
        return {"validation_accuracy": right, "validation_mean_iou": mean_iou(torch.from_numpy(confusion))}

    def calibration_error(self, temperatures: Temperatures, sure: float) -> float:
        """Return the expected calibration error of what is painted; NaN where nothing is annotated."""
        if self.pixels is None:
            return region_error(self.regions, self.counts, temperatures.region)
        by_region = highest_probabilities(self.regions, temperatures.region)
        # these superpixels decide for their pixels
        given = (by_region >= sure)[self.places]
        highest = np.where(given, by_region[self.places], highest_probabilities(self.pixels, temperatures.pixel))
        found = np.where(given, self.regions.argmax(axis=1)[self.places], self.pixels.argmax(axis=1))
        return calibration_error(confidence_of(highest, self.areas, self.areas * (found == self.classes)))


def calibrated(network: LatticeNetwork, validation: Iterable[Batch]) -> tuple[Temperatures, Mapping[str, float]]:
    """Return a network's temperatures, and the calibration error of the validation side without and with them.

    Parameters
    ----------
    network : LatticeNetwork
        On the device of the batches.
    validation : iterable of Batch
    """
    sure = network.config.settings.sure
    answers = ValidationAnswers.of(network, validation)
    found = answers.temperatures()
    before, after = (answers.calibration_error(one, sure) for one in (Temperatures(), found))
    return found, error_figures(before, after)
