"""How do weights get better? AdamW over batches, until the validation loss no longer falls."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from terrazzo.errors import ParameterError
from terrazzo.progress import STEPS, Step, tell
from terrazzo.training.rules.adamw import AdamW
from terrazzo.training.rules.schedule import Pace
from terrazzo.training.rules.training import Training

ENOUGH, HURRY = 0.98, 4
"""From that mean IoU of the validation side on there is little left to gain, and a share of the patience is enough."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    training_loss, validation_loss : float
    validation_accuracy : float
        Share of the annotated validation pixels whose region got their class.
    seconds : float
        Since the start of the run.
    validation_mean_iou : float, optional
        Where batches have a confusion.
    """

    epoch: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    validation_mean_iou: float | None = None

    @property
    def rank(self) -> float:
        """What is better where it is higher: the mean IoU, where it is known, else the loss turned around."""
        return -self.validation_loss if self.validation_mean_iou is None else self.validation_mean_iou


class Graded(NamedTuple):
    """How a network does on a batch: loss and share of right pixels, both means over its annotated pixels.

    Each is a Tensor of float32, shape (), on the network's device; the loss has a gradient. Where there is a confusion,
    shape (C, C), the annotated pixels of each class by what they were taken for, the best epoch is the one with the
    highest mean IoU.
    """

    loss: Tensor
    accuracy: Tensor
    pixels: Tensor
    confusion: Tensor | None = None


class AnyBatch(Protocol):
    """What a network sees in one step, with the answers."""

    def graded(self, network: nn.Module, weights: Tensor | None) -> Graded:
        """How the network does on it, with these weights of the classes in the loss."""
        ...


class TrainingBatches(Protocol):
    """Batches to learn from."""

    def __len__(self) -> int:
        """Steps of an epoch."""
        ...

    def epoch(self, rng: np.random.Generator) -> Iterable[AnyBatch]:
        """The batches of one epoch, in an order or a choice that the generator decides."""
        ...


class Course(NamedTuple):
    """How training went: its epochs, and the steps that were planned in all, which repeat it."""

    history: tuple[Epoch, ...]
    steps: int


def optimise(
    network: nn.Module,
    batches: TrainingBatches,
    validation: Iterable[AnyBatch],
    training: Training,
    *,
    weights: Tensor | None = None,
    rng: np.random.Generator,
    began: float | None = None,
) -> Course:
    """Train a network in place and leave it with the weights of its best epoch; each `Epoch` is a step of "epochs".

    Parameters
    ----------
    network : torch.nn.Module
    batches : TrainingBatches
    validation : iterable of AnyBatch
        On the network's device, as those of training.
    training : Training
    weights : Tensor, optional
        Class weights of the loss.
    rng : numpy.random.Generator
        Decides what each epoch takes.
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.

    Returns
    -------
    Course

    Raises
    ------
    ParameterError
        If the loss is no longer finite.
    """
    started, pace, done = time.monotonic(), Pace(training, len(batches), began), 0
    optimiser = AdamW(network, training.weight_decay)
    history: list[Epoch] = []
    best, best_weights = -math.inf, network.state_dict()
    waited = 0
    while done < pace.schedule.steps and waited < _patience(training.patience, best):
        losses = list[_Weighted]()
        for batch in batches.epoch(rng):
            losses.append(_step(network, batch, optimiser, pace.schedule.rate(done), weights))
            done += 1
            tell(Step(STEPS, done, pace.schedule.steps))
            pace.after(done, losses[-1][0].item, partial(_judged, network, validation, weights))
            if done == pace.schedule.steps:
                break
        with pace.judging():
            training_loss, judged = _mean(losses), _judged(network, validation, weights)
        loss, accuracy, iou = judged
        epoch = Epoch(len(history) + 1, training_loss, loss, accuracy, time.monotonic() - started, iou)
        if not math.isfinite(epoch.training_loss + epoch.validation_loss):
            raise ParameterError(
                f"the loss is not finite in epoch {epoch.epoch}; use a learning rate below {training.learning_rate:g}"
            )
        history.append(epoch)
        tell(Step("epochs", epoch.epoch, pace.epochs, detail=epoch))
        waited += 1
        if epoch.rank > best:
            best, best_weights, waited = epoch.rank, copy.deepcopy(network.state_dict()), 0
    network.load_state_dict(best_weights)
    network.eval()
    return Course(tuple(history), pace.schedule.steps)


def figures_of(history: Sequence[Epoch], steps: int, seconds: float) -> dict[str, float]:
    """How a fit went, in numbers for people."""
    best = best_of(history)
    return {
        "epochs": float(len(history)),
        "best_epoch": float(best.epoch),
        "steps": float(steps),
        "validation_accuracy": best.validation_accuracy,
        "validation_loss": best.validation_loss,
        **({} if best.validation_mean_iou is None else {"validation_mean_iou": best.validation_mean_iou}),
        "seconds": seconds,
    }


def best_of(history: Sequence[Epoch]) -> Epoch:
    """The epoch that the weights are from: the first with the highest mean IoU, or else the lowest loss."""
    return max(history, key=lambda epoch: epoch.rank)


def _patience(epochs: int, best: float) -> int:
    """Return after how many epochs without a better one training stops: at once where none can be better."""
    if best < ENOUGH:
        return epochs
    return -(-epochs // HURRY) if best < 1 else 0


_Weighted = tuple[Tensor, Tensor]
"""A loss and the pixels that it is the mean of."""


def _step(network: nn.Module, batch: AnyBatch, optimiser: AdamW, rate: float, weights: Tensor | None) -> _Weighted:
    network.train()
    graded = batch.graded(network, weights)
    graded.loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step(rate)
    return graded.loss.detach(), graded.pixels


@torch.no_grad()
def _judged(
    network: nn.Module, batches: Iterable[AnyBatch], weights: Tensor | None
) -> tuple[float, float, float | None]:
    """Return mean loss and accuracy over the annotated pixels, and the mean IoU where batches have a confusion."""
    network.eval()
    losses, accuracies, confusions = [], [], []
    for batch in batches:
        graded = batch.graded(network, weights)
        losses.append((graded.loss, graded.pixels))
        accuracies.append((graded.accuracy, graded.pixels))
        if graded.confusion is not None:
            confusions.append(graded.confusion)
    found = mean_iou(torch.stack(confusions).sum(dim=0)) if confusions else None
    return _mean(losses), _mean(accuracies), found


def mean_iou(confusion: Tensor) -> float:
    """Return the mean of the classes' intersections over unions, of those that are annotated or found."""
    counts = confusion.to("cpu", torch.float64)
    both = counts.diagonal()
    either = counts.sum(dim=0) + counts.sum(dim=1) - both
    return float((both[either > 0] / either[either > 0]).mean())


def _mean(values: Sequence[_Weighted]) -> float:
    """The mean over all pixels of several batches; the one place where the device is waited for."""
    means, pixels = (torch.stack(column).to("cpu", torch.float64) for column in zip(*values, strict=True))
    return float((means * pixels).sum() / pixels.sum())
