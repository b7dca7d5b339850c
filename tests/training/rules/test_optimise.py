import math

import numpy as np
import pytest
import torch
from torch import nn

from terrazzo.training.rules.optimise import Graded, best_of, optimise
from terrazzo.training.rules.training import Training

PIXELS = 100_000


class Judged:
    """A validation side on which the network does as well as it is said to, epoch after epoch."""

    def __init__(self, shares):
        self.shares = iter(shares)

    def graded(self, network, weights):  # noqa: ARG002
        wrong = round(PIXELS * (1 - next(self.shares)))
        confusion = torch.tensor([[PIXELS - wrong, wrong], [0, PIXELS]])
        return Graded(torch.tensor(0.1), torch.tensor(0.9), torch.tensor(1.0), confusion)


class Learned:
    """Batches that push the weights on by each step."""

    def __len__(self):
        return 2

    def epoch(self, rng):  # noqa: ARG002
        return [self] * 2

    def graded(self, network, weights):  # noqa: ARG002
        return Graded(network.weight.sum(), torch.tensor(0.9), torch.tensor(1.0))


def trained(shares, **values):
    torch.manual_seed(0)
    network = nn.Linear(2, 2)
    course = optimise(network, Learned(), [Judged(shares)], Training(epochs=20, **values), rng=np.random.default_rng(0))
    return network.weight.detach().clone(), course


@pytest.mark.parametrize(
    ("shares", "patience", "epochs", "best"),
    [
        ([0.9, 0.97, *[0.95] * 18], 20, 20, 2),  # much is left to gain
        ([0.9, 0.97, *[0.95] * 18], 8, 10, 2),
        ([0.9, 0.985, *[0.95] * 18], 20, 7, 2),  # little is, and a quarter of the patience is over
        ([0.9, 0.985, *[0.98] * 4, 0.99, *[0.98] * 13], 20, 12, 7),
        ([0.9, 0.985, *[0.98] * 18], 2, 3, 2),
        ([0.9, 1.0, *[0.98] * 18], 20, 2, 2),  # nothing is
    ],
)
def test_training_ends_sooner_where_the_validation_side_is_all_but_right(shares, patience, epochs, best):
    weights, course = trained(shares, patience=patience)
    assert len(course.history) == epochs
    assert best_of(course.history).epoch == best
    # the steps that were planned: with them the rates are the same, and so is the end
    assert course.steps == 40
    again, repeated = trained(shares, patience=patience, steps=course.steps)
    assert [one.rank for one in repeated.history] == [one.rank for one in course.history]
    assert torch.equal(again, weights)


def test_a_side_that_is_all_right_leaves_the_weights_that_all_epochs_would():
    shares = [0.9, 1.0, *[1.0] * 18]
    weights, course = trained(shares)
    # as if nothing above had been found: the first of the best is kept, however many follow
    other, all_of_them = trained([0.9, 0.97, *[0.97] * 18])
    assert (len(course.history), len(all_of_them.history)) == (2, 20)
    assert math.isclose(best_of(course.history).rank, 1)
    assert torch.equal(weights, other)
