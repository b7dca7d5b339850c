"""A conditional random field on pixels as a recurrent layer: each hears those around it that look alike.

The field is that of Krähenbühl and Koltun (2011), solved by their mean field as a layer (Zheng et al. 2015), but
pixels hear each other in a window alone (Teichmann and Cipolla 2018): so what a pixel depends on is bounded.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from terrazzo.kernels.classes.mean_field import mean_field
from terrazzo.models.unet.description import MeanField

FIRST_REACH = 1.5
"""In pixels, what both kernels begin with as the deviation of their Gaussian of distance."""

Offset = tuple[int, ...]
Place = tuple[Any, ...]


def half_window(radius: tuple[int, ...]) -> list[Offset]:
    """Return one of each two opposite offsets of a window: those that come after the middle in raster order."""
    whole = itertools.product(*(range(-one, one + 1) for one in radius))
    return [offset for offset in whole if offset > (0,) * len(radius)]


class LocalMeanField(nn.Module):
    """Logits after some steps of a mean field in a window.

    With ``q = softmax(logits)``, a step is ``logits = unary - M sum_j k_ij q_j`` over the pixels j of the window but i
    itself, where M says how badly two classes go together, at first as badly for any two, and

        ``k_ij = a exp(-|d_ij|² / 2 - |(x_i - x_j) / c|² / 2) + b exp(-|d_ij|² / 2)``

    of the offset d between the two, in units of a length for each axis and term, and of their intensities x. All of it
    is learned. Outside what is given nobody is heard; what pads an image to whole strides is heard as the image is.

    Parameters
    ----------
    field : MeanField
    inputs : int
        Channels of the image.
    classes : int
    """

    def __init__(self, field: MeanField, inputs: int, classes: int) -> None:
        super().__init__()
        self.field, axes = field, len(field.radius)
        offsets = torch.tensor(half_window(field.radius), dtype=torch.float32)
        near = 2 * torch.exp(-((offsets / FIRST_REACH) ** 2).sum(dim=1) / 2).sum()
        # logarithms, so that what they stand for stays above 0; both terms together weigh 1 in a window
        self.log_strength = nn.Parameter(-torch.log(2 * near).repeat(2))
        self.log_reach = nn.Parameter(torch.full((2, axes), FIRST_REACH).log())
        self.log_contrast = nn.Parameter(torch.full((inputs,), 0.5).log())
        self.badly = nn.Parameter(1 - torch.eye(classes))

    def forward(self, unary: Tensor, image: Tensor) -> Tensor:
        """Return logits (B, classes, …) of those before and of the image (B, inputs, …) on the network's scale."""
        # differences of exponentials: in the image's own precision, whatever the network computes in
        with torch.autocast(image.device.type, enabled=False):
            unary = unary.to(image.dtype).contiguous()
            if image.device.type == "cpu" and image.dtype == torch.float32 and not torch.is_grad_enabled():
                return self._by_kernel(unary, image.contiguous())
            offsets = half_window(self.field.radius)
            near = [self.nearness(image, offset) for offset in offsets]
            logits = unary
            for _ in range(self.field.steps):
                heard: Tensor = _Heard.apply(functional.softmax(logits, dim=1), offsets, *near)  # type: ignore[no-untyped-call]
                logits = unary - torch.einsum("dc,bc...->bd...", self.badly, heard)
            return logits

    def nearness(self, image: Tensor, offset: Offset) -> Tensor:
        """Return k of each pixel and the one at an offset from it, where the image has both, shape (B, …)."""
        here, there = _ends(offset)
        contrast = (image[there] - image[here]) / self.log_contrast.exp().view(-1, *(1,) * len(offset))
        away = torch.tensor(offset, dtype=image.dtype, device=image.device) / self.log_reach.exp()
        alike, around = -(away**2).sum(dim=1) / 2 + self.log_strength
        near: Tensor = (alike - (contrast**2).sum(dim=1) / 2).exp() + around.exp()
        return near

    def _by_kernel(self, unary: Tensor, image: Tensor) -> Tensor:
        """Return the same where nothing is learned, in a third of the time, and keep nothing of pairs of pixels."""
        axes = len(self.field.radius)
        offsets = torch.tensor(half_window(self.field.radius))
        away = offsets[:, None] / self.log_reach.exp()
        alike, around = (-(away**2).sum(dim=2) / 2 + self.log_strength).exp().T.contiguous()
        unlike = (-2 * self.log_contrast).exp() / 2
        given = functional.pad(offsets, (3 - axes, 0)), alike, around, unlike, self.badly
        arrays = [tensor.detach().numpy() for tensor in given]
        logits = []
        for one, pixels in zip(unary, image, strict=True):
            # an image is a volume of depth 1
            flat = (1,) * (3 - axes)
            volumes = [tensor.view(len(tensor), *flat, *tensor.shape[1:]).numpy() for tensor in (one, pixels)]
            found = mean_field(volumes[0], volumes[1], self.field.steps, *arrays)
            logits.append(torch.from_numpy(found).view(one.shape))
        return torch.stack(logits)


class _Heard(torch.autograd.Function):
    """What each pixel hears of all in its window: symmetric in the two, so that its gradient is heard the same way."""

    @staticmethod
    def forward(ctx: Any, shares: Tensor, offsets: list[Offset], *near: Tensor) -> Tensor:
        ctx.offsets = offsets
        ctx.save_for_backward(shares, *near)
        return _heard(shares, offsets, near)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        shares, *near = ctx.saved_tensors
        of_near = []
        for offset in ctx.offsets:
            here, there = _ends(offset)
            of_near.append((gradient[here] * shares[there]).sum(dim=1) + (gradient[there] * shares[here]).sum(dim=1))
        return _heard(gradient, ctx.offsets, near), None, *of_near


def _heard(shares: Tensor, offsets: list[Offset], near: Any) -> Tensor:
    heard = torch.zeros_like(shares)
    for offset, one in zip(offsets, near, strict=True):
        here, there = _ends(offset)
        heard[here].addcmul_(one[:, None], shares[there])
        heard[there].addcmul_(one[:, None], shares[here])
    return heard


def _ends(offset: Offset) -> tuple[Place, Place]:
    """Return the pixels that have another at an offset, and these others."""
    here = (slice(max(0, -step), -step if step > 0 else None) for step in offset)
    there = (slice(max(0, step), step if step < 0 else None) for step in offset)
    return (..., *here), (..., *there)
