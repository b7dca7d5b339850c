"""What does a network pay for its answer? Cross entropy per annotated pixel, counted on nodes."""

import torch
from torch import Tensor

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import ClassWeighting


def area_weighted_cross_entropy(
    logits: Tensor, fractions: Tensor, pixels: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Cross entropy against soft targets, each node weighted by its annotated pixels.

    ``sum_n pixels_n sum_c weights_c fractions_nc (-log p_nc) / sum_n pixels_n``: without class weights this
    is the mean cross entropy of the annotated pixels when every pixel gets its region's answer.

    Parameters
    ----------
    logits : Tensor of float32, shape (N, C)
    fractions : Tensor of float32, shape (N, C)
        Share of each class in a node's annotated pixels.
    pixels : Tensor of float32, shape (N,)
        Annotated pixels per node; nodes with 0 count for nothing.
    weights : Tensor of float32, shape (C,), optional
        Of the classes; see `class_weights`.

    Returns
    -------
    Tensor of float32, shape ()
        0 if nothing is annotated.
    """
    expected = fractions if weights is None else fractions * weights
    per_node = -(expected * torch.log_softmax(logits, dim=1)).sum(dim=1)
    return (pixels * per_node).sum() / pixels.sum().clamp(min=1)


def class_weights(pixels: Tensor, weighting: ClassWeighting) -> Tensor | None:
    """Weights of classes for the loss, from how often they are annotated.

    "balanced" is the inverse square root of a class's share, scaled so that the mean over all annotated
    pixels is 1: rare classes count for more, but not as much as if all classes were equally common.

    Parameters
    ----------
    pixels : Tensor, shape (C,)
        Annotated pixels per class.
    weighting : {"balanced", None}

    Returns
    -------
    Tensor of float32, shape (C,), or None
        A class without pixels gets the weight 0, as it never occurs.

    Raises
    ------
    ParameterError
        If the weighting is unknown.
    """
    if weighting is None:
        return None
    if weighting != "balanced":
        raise ParameterError(f"there is no class weighting {weighting!r}; use 'balanced' or None")
    share = pixels.to(torch.float64) / pixels.sum().clamp(min=1)
    weights = torch.where(share > 0, share.clamp(min=1e-12).rsqrt(), 0)
    return (weights / (share * weights).sum().clamp(min=1e-12)).to(torch.float32)
