"""What training a U-Net holds: features of all levels until their gradients are known. Integers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.pixel_task import heard_pairs, levels_of, steps_of

# Of each convolution its output is kept, and that of its normalisation.
KEPT = 2

# Weights, their gradients, two moments of Adam, and those of the best epoch.
COPIES = 5


def weights(description: UNetDescription) -> int:
    """Return how many numbers a U-Net learns, and those that its normalisation remembers."""
    total = (description.up.levels[-1].channels + 1) * description.classes
    for level, entering, rising, _ in levels_of(description):
        for channels, one in steps_of(level, entering):
            # weight, and of each channel four numbers of its normalisation
            total += channels * one.channels * math.prod(one.kernel) + 4 * one.channels
        if rising:
            bridge = entering // 2
            total += rising * bridge * math.prod(level.factor) + bridge
    for branch in () if description.pyramid is None else description.pyramid.branches:
        total += _read_by_pyramid(description) * branch.channels * math.prod(branch.kernel) + 4 * branch.channels
    if description.pyramid is not None:
        total += (description.pyramid.channels + 1) * description.classes
    if description.crf is not None:
        total += description.classes**2 + description.inputs + 2 * (1 + description.axes)
    return total


def training_bytes(description: UNetDescription, batch: int, patch: Sequence[int]) -> int:
    """Return the bytes that a step of training holds in single precision, besides what a process holds anyway.

    Parameters
    ----------
    description : UNetDescription
    batch : int
        Patches in a step.
    patch : sequence of int
        Their shape in pixels.
    """
    pixels, kept, widest = batch * math.prod(patch), 0, 0
    for level, entering, rising, coarseness in levels_of(description):
        here = pixels // coarseness
        # what rose to the level or was pooled for it, beside the bridge in one array
        kept += here * entering
        for channels, one in steps_of(level, entering):
            kept += KEPT * here * one.channels
            # a convolution's input and output with their gradients, as it goes back
            widest = max(widest, 2 * here * (channels + one.channels))
        kept += here * level.channels if rising else 0
    for branch in () if description.pyramid is None else description.pyramid.branches:
        kept += KEPT * pixels * branch.channels
        widest = max(widest, 2 * pixels * (_read_by_pyramid(description) + branch.channels))
    if description.crf is not None:
        # of each pair differences, contrasts, both exponentials and two gradients; shares of each step with theirs
        of_pairs = heard_pairs(description.crf) * (2 * description.inputs + 4)
        kept += pixels * (of_pairs + 4 * description.crf.steps * description.classes)
    logits = 4 * pixels * description.classes
    return 4 * (COPIES * weights(description) + kept + widest + logits)


def _read_by_pyramid(description: UNetDescription) -> int:
    """Return the channels that a pyramid reads: features of the finest level, and logits."""
    return description.up.levels[-1].channels + description.classes
