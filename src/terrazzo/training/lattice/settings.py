"""How a lattice network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import ClassWeighting, PixelTraining

FEW_SUPERPIXELS = 700
"""Annotated superpixels below which pixels learn alone as well, and one of three images is held out whole."""


@dataclass(frozen=True, kw_only=True)
class LatticeTraining(PixelTraining):
    """How a lattice network is trained.

    Parameters
    ----------
    epochs, steps, seconds, patience, learning_rate, weight_decay, weighting, validation, seed, device
        As for `Training`: an epoch, after which the network is judged, has 50 steps; `seconds` count what comes before
        training as well. Rare classes count for more by default.
    loss, boundary, boundary_width
        As for `PixelTraining`, of the pixels that are sampled, each for as many as it stands for; what superpixels pay
        beside them stays cross entropy.
    crop, batch : int, optional
        Cells along a side of the windows that the network learns from, and windows in a step: 32 and 4, in volumes 16
        and 1. Where coarser cells keep sections apart they are 24 and 1, and a third as many sections are in a window.
    pixels : int
        Annotated pixels in a step, about.
    samples : int
        The most annotated pixels that are kept of a block of 1024 x 1024 pixels, of each class by the square root of
        its area; of a smaller block as much less, but up to 8192.
    contrast, brightness : float
        How far the intensities of each channel are altered: by a factor exp(N(0, contrast)), and by N(0, brightness) of
        their deviation. Where intensities mean something by themselves, as in CT, 0 keeps that.
    copies : int
        How often each training image is learned from again, altered before superpixels are made: another scale, gamma,
        noise and sharpness.
    turns : bool
        Whether windows are turned and mirrored.
    alone : bool
        Whether pixels also learn by their own filter responses alone where fewer than 700 superpixels are annotated:
        what they say then counts for three quarters at most.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on.
    streaming : bool or "auto"
        Whether tables of superpixels stay on disk and memory does not grow with the images; "auto" where those of
        the blocks near annotated pixels may take more than a gibibyte.
    scratch : path, optional
        An existing folder for tables on disk, by default the system's for temporary files. In the end they are removed.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    epochs: int = 20
    patience: int = 20
    weight_decay: float = 1e-4
    weighting: ClassWeighting = "balanced"
    crop: int | None = None
    batch: int | None = None
    pixels: int = 8000
    samples: int = 65536
    contrast: float = 0.25
    brightness: float = 2.0
    copies: int = 0
    turns: bool = True
    alone: bool = True
    block: int | None = None
    streaming: bool | Literal["auto"] = "auto"
    scratch: str | Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("crop", "batch", "pixels", "samples"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ParameterError(f"{name} is {value}; it must be at least 1")
        for name in ("contrast", "brightness", "copies"):
            if not getattr(self, name) >= 0:
                raise ParameterError(f"{name} is {getattr(self, name)}; it must be at least 0")
        if self.streaming not in (True, False, "auto"):
            raise ParameterError(f"streaming is {self.streaming!r}; it must be True, False or 'auto'")

    def window(self, pooling: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """Return the cells along each side of a window, and the windows of a step.

        Parameters
        ----------
        pooling : tuple of int
            Cells along each axis that make one of the next coarser level.
        """
        flat = len(pooling) == 3 and pooling[0] == 1
        crop, batch = (32, 4) if len(pooling) == 2 else (24, 1) if flat else (16, 1)
        side = self.crop or crop
        sides = (max(1, side // 3), side, side) if flat else (side,) * len(pooling)
        return sides, self.batch or batch

    @property
    def widest_window(self) -> int:
        """The most cells along a side of a window."""
        return self.crop or 32
