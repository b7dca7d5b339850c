"""How far are classes from overlapping what is annotated? Dice and Lovász, of pixels that may count unlike."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from terrazzo.training.rules.training import PixelLoss


def overlap_loss(loss: PixelLoss, logits: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
    """Return what a loss adds to cross entropy: nothing, the Dice loss or Lovász's.

    Parameters
    ----------
    loss : {"cross-entropy", "dice", "lovasz"}
    logits : Tensor of float32, shape (P, C)
        Of annotated pixels.
    classes : Tensor of int64, shape (P,)
    counts : Tensor of float32, shape (P,)
        What each pixel counts for.

    Returns
    -------
    Tensor of float32, shape ()
        From 0 to 1.
    """
    if loss == "cross-entropy":
        return logits.new_zeros(())
    measured = dice_loss if loss == "dice" else lovasz_loss
    return measured(torch.softmax(logits, dim=1), classes, counts)


def dice_loss(probabilities: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
    """Return 1 less the mean Dice coefficient of the classes that are there (Milletari et al. 2016, not squared).

    ``1 - 2 sum_p n_p p_pc [c_p = c] / sum_p n_p (p_pc + [c_p = c])``, the mean over classes c that a pixel p has, where
    `n` is what pixels count for.

    Parameters
    ----------
    probabilities : Tensor of float, shape (P, C)
    classes : Tensor of int64, shape (P,)
    counts : Tensor of float, shape (P,)

    Returns
    -------
    Tensor of float, shape ()
        0 without pixels.
    """
    true = functional.one_hot(classes, probabilities.shape[1]).to(probabilities.dtype) * counts[:, None]
    annotated = true.sum(dim=0)
    both = (probabilities * true).sum(dim=0)
    either = (probabilities * counts[:, None]).sum(dim=0) + annotated
    there = annotated > 0
    # of a class that is not there nothing is divided: it may be 0, and so may its square
    lost = there * (1 - 2 * both / torch.where(there, either, 1))
    return lost.sum() / there.sum().clamp(min=1)


def lovasz_loss(probabilities: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
    """Return the Lovász extension of 1 less the IoU, the mean of the classes that are there (Berman et al. 2018).

    Where all probabilities are 0 or 1 it is 1 less the mean IoU, with each pixel counted as `counts` say. Between these
    the errors of a class, from the largest to the smallest, each pay what their pixel, as one more mistake,
    takes from the IoU.

    Parameters
    ----------
    probabilities, classes, counts
        As for `dice_loss`.

    Returns
    -------
    Tensor of float, shape ()
        0 without pixels.
    """
    losses = [probabilities.new_zeros(())]
    for number in range(probabilities.shape[1]):
        true = classes == number
        if (counts * true).any():
            errors, order = (true.to(probabilities.dtype) - probabilities[:, number]).abs().sort(descending=True)
            losses.append((errors * _steps_of_iou(true[order], counts[order])).sum())
    return torch.stack(losses).sum() / max(len(losses) - 1, 1)


def _steps_of_iou(true: Tensor, counts: Tensor) -> Tensor:
    """Return what each pixel, in this order, takes from the IoU of a class when it becomes a mistake."""
    # differences of what is nearly equal: in double precision
    own, others = counts.double() * true, counts.double() * ~true
    whole = own.sum()
    lost = 1 - (whole - own.cumsum(0)) / (whole + others.cumsum(0))
    return torch.diff(lost, prepend=lost.new_zeros(1)).to(counts.dtype)
