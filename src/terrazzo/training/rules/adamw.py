"""AdamW without torch's class for it, which loads torch's compiler."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw


class AdamW:
    """Gradient descent with moments and decoupled weight decay (Loshchilov and Hutter 2019), by torch's own function.

    The classes of `torch.optim` load torch's compiler when one is made. That takes seconds, as long as a short fit, and
    in a process that draws by OpenGL in software, as napari may, two copies of LLVM meet and end it.

    Parameters
    ----------
    network : torch.nn.Module
        On the device where it stays.
    weight_decay : float
        Of weights; biases and norms, which have one axis at most, do not decay.
    """

    def __init__(self, network: nn.Module, weight_decay: float = 0.0) -> None:
        parameters = list(network.parameters())
        self._groups = [
            _Group([p for p in parameters if p.ndim > 1], weight_decay),
            _Group([p for p in parameters if p.ndim <= 1], 0.0),
        ]

    def step(self, rate: float) -> None:
        """Change the network by its gradients, at a learning rate, and forget them."""
        for group in self._groups:
            group.step(rate)


class _Group:
    """Parameters that decay alike, with their moments."""

    def __init__(self, parameters: Sequence[Tensor], weight_decay: float) -> None:
        self._parameters, self._weight_decay = parameters, weight_decay
        self._means = [torch.zeros_like(p, memory_format=torch.preserve_format) for p in parameters]
        self._squares = [torch.zeros_like(mean, memory_format=torch.preserve_format) for mean in self._means]
        self._steps = [torch.zeros((), device=p.device) for p in parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        rows = [row for row, p in enumerate(self._parameters) if p.grad is not None]
        of = [[values[row] for row in rows] for values in (self._parameters, self._means, self._squares, self._steps)]
        parameters, means, squares, steps = of
        # one kernel for all parameters, on a CPU in a quarter of the time
        adamw(
            parameters,
            [p.grad for p in parameters if p.grad is not None],
            means,
            squares,
            [],
            steps,
            foreach=False,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=rate,
            weight_decay=self._weight_decay,
            eps=1e-8,
            maximize=False,
        )
        for p in parameters:
            p.grad = None
