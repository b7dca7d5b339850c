import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.training.rules.overlap_losses import dice_loss, lovasz_loss, overlap_loss


def _case(seed, pixels, classes, hard=False):
    rng = np.random.default_rng(seed)
    said = rng.random((pixels, classes)) ** 3 + 1e-3
    said /= said.sum(axis=1, keepdims=True)
    if hard:
        said = np.eye(classes)[said.argmax(axis=1)]
    # the last class may be absent
    return said, rng.integers(0, max(1, classes - rng.integers(2)), pixels), rng.choice([0.5, 1.0, 3.0], pixels)


def _dice(said, true, counts):
    losses = []
    for number in np.unique(true):
        both = sum(n * p[number] for p, c, n in zip(said, true, counts, strict=True) if c == number)
        either = sum(n * (p[number] + (c == number)) for p, c, n in zip(said, true, counts, strict=True))
        losses.append(1 - 2 * both / either)
    return np.mean(losses)


def _lost(mistaken, own, counts):
    """1 less the IoU of a class where some pixels are mistaken."""
    kept = sum(n for n, wrong, mine in zip(counts, mistaken, own, strict=True) if mine and not wrong)
    union = sum(n for n, wrong, mine in zip(counts, mistaken, own, strict=True) if mine or wrong)
    return 1 - kept / union


def _lovasz(said, true, counts):
    """The definition: errors from the largest to the smallest, each times what its pixel adds to the loss."""
    losses = []
    for number in np.unique(true):
        own = true == number
        errors = np.where(own, 1 - said[:, number], said[:, number])
        mistaken, loss = np.zeros(len(true), bool), 0.0
        for pixel in np.argsort(-errors):
            before = _lost(mistaken, own, counts)
            mistaken[pixel] = True
            loss += errors[pixel] * (_lost(mistaken, own, counts) - before)
        losses.append(loss)
    return np.mean(losses)


def _tensors(said, true, counts, dtype=torch.float64):
    return torch.tensor(said, dtype=dtype), torch.tensor(true), torch.tensor(counts, dtype=dtype)


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(2, 4))
def test_losses_are_what_they_are_by_hand(seed, pixels, classes):
    case = _case(seed, pixels, classes)
    for loss, by_hand in ((dice_loss, _dice), (lovasz_loss, _lovasz)):
        assert float(loss(*_tensors(*case))) == pytest.approx(by_hand(*case), abs=1e-9)


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(2, 4))
def test_of_classes_without_a_doubt_lovasz_is_1_less_the_mean_iou(seed, pixels, classes):
    said, true, counts = _case(seed, pixels, classes, hard=True)
    wrong = said.argmax(axis=1)
    # a class's mistakes are its own pixels and those that are taken for it
    ious = [_lost((wrong == n) != (true == n), true == n, counts) for n in np.unique(true)]
    assert float(lovasz_loss(*_tensors(said, true, counts))) == pytest.approx(np.mean(ious))


@pytest.mark.parametrize("loss", ["dice", "lovasz"])
def test_a_pixel_that_counts_twice_is_two_pixels(loss):
    said, true, _ = _case(3, 12, 3)
    twice = np.repeat(np.arange(12), 2)
    logits = np.log(said)
    once = overlap_loss(loss, *_tensors(logits, true, np.full(12, 2.0)))
    each = overlap_loss(loss, *_tensors(logits[twice], true[twice], np.ones(24)))
    assert float(once) == pytest.approx(float(each))


@pytest.mark.parametrize("loss", ["dice", "lovasz"])
def test_descent_ends_at_the_annotation_and_no_pixel_is_a_loss_of_0(loss):
    _, true, counts = _tensors(*_case(0, 30, 3))
    logits = torch.zeros(30, 3, requires_grad=True)
    optimiser = torch.optim.Adam([logits], 0.3)
    for _ in range(60):
        optimiser.zero_grad()
        overlap_loss(loss, logits, true, counts.float()).backward()
        optimiser.step()
    assert torch.equal(logits.argmax(dim=1), true)
    nothing = overlap_loss(loss, torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    assert nothing == 0


@pytest.mark.parametrize("loss", ["dice", "lovasz"])
def test_a_class_that_is_absent_and_out_of_question_leaves_gradients_finite(loss):
    logits = torch.tensor([[0.0, 1.0, -200.0], [0.0, 1.0, -60.0]], requires_grad=True)
    overlap_loss(loss, logits, torch.tensor([0, 1]), torch.ones(2)).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad.any()


def test_cross_entropy_gets_nothing_beside_it():
    assert overlap_loss("cross-entropy", torch.ones(2, 2), torch.tensor([0, 1]), torch.ones(2)) == 0
