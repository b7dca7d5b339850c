"""What is done with each block of an image, by either kind of model."""

from __future__ import annotations

from typing import TypeAlias

from terrazzo.blockwise.planning.task_memory import Work
from terrazzo.blockwise.planning.unet_work import UNetWork
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.image import Image
from terrazzo.models.any_model import AnyModel
from terrazzo.models.unet.model import UNetModel

AnyWork: TypeAlias = Work | UNetWork


def work_of(model: AnyModel, image: Image, *, masked: bool = False, probabilities: bool = False) -> AnyWork:
    """Return what a fitted model does with each block of a stored image."""
    read, itemsize = decoding(image.stored), image.dtype.itemsize
    if isinstance(model, UNetModel):
        return UNetWork.of(model, itemsize, chunk=read.chunk, held=read.held, masked=masked)
    more = {"masked": masked, "probabilities": probabilities}
    return Work.of(model, itemsize, chunk=read.chunk, held=read.held, **more)
