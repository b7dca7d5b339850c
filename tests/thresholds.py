"""A kind of model that the package does not know: a threshold on the smoothed image, 40 lines in all."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from scipy import ndimage

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.memory import WORKER, with_slack
from terrazzo.models.fitted_model import common_of
from terrazzo.models.passes.declared import Holds, Pass, Pixels


@tz.register_kind
@dataclass(frozen=True, eq=False, repr=False)
class Threshold(tz.FittedModel):
    sigma: float
    threshold: float
    class_names: tuple = ("dark", "bright")
    colours: tuple = ("#000000", "#ffffff")
    pixel_size: tuple | None = None
    fitted: dict = field(default_factory=dict)
    pixel_unit: str | None = None

    kind, title, axes, channels = "threshold", "threshold", 2, 1

    def grid(self, extent, block=None):
        return BlockGrid.of(tz.Lattice(extent, (16, 16)), block)

    def passes(self, device="cpu"):  # noqa: ARG002
        reads, holds = Pixels(self.surroundings), Holds(partial(_bytes, self), WORKER)
        return (Pass("cut", (reads,), ("classes",), partial(_cut, self), _nothing, self.fingerprint(), holds),)

    def surroundings(self, block):
        return block.core.grown(int(4 * self.sigma + 0.5), block.lattice.shape)

    def header(self):
        return {"sigma": self.sigma}

    def tensors(self):
        return {"threshold": torch.tensor(self.threshold)}

    @classmethod
    def restored(cls, header, tensors, features=None):  # noqa: ARG003
        return cls(header["sigma"], float(tensors["threshold"]), **common_of(header))

    def described(self):
        return {"sigma": self.sigma, "threshold": self.threshold}


def _cut(model, block, seen):
    smooth = ndimage.gaussian_filter(seen.pixels[0].astype(np.float64), model.sigma, mode="nearest")
    classes = (smooth[block.core.within(seen.box)] > model.threshold).astype(np.uint8)
    return {"classes": classes if seen.mask is None else np.where(seen.mask[block.core.within(seen.box)], classes, 255)}


def _nothing(block):
    return {"classes": np.full(block.core.shape, 255, np.uint8)}


def _bytes(model, block, grid, reading):  # noqa: ARG001
    pixels = np.prod(model.surroundings(block).shape)
    return with_slack({"smooth": int(pixels * (reading.itemsize + 2 * 8 + 1))})
