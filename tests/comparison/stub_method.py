"""A method that learns nothing: quick to run, and it can be told to fail. It notes each fit in a file."""

# ruff: noqa: ARG001
import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import dask.array as da
import numpy as np
import torch

from terrazzo.comparison.written_classes import write_classes
from terrazzo.errors import ParameterError

TITLE = "Always the first class"


def fit(assignment):
    settings = assignment.settings
    with Path(os.environ["STUB_FITS"]).open("a") as file:
        file.write(json.dumps(settings) + "\n")
    if settings.get("killed"):
        os.abort()
    fits = len(Path(os.environ["STUB_FITS"]).read_text().splitlines())
    if fits >= settings.get("fails_from", 10**9) or fits == settings.get("fails_at"):
        raise ParameterError("this fold is too hard")
    if settings.get("mistake"):
        raise ParameterError("this method never works; leave it out")
    if settings.get("batch", 8) * settings.get("patch", 256) > settings.get("fits", 10**9):
        lacking = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 7 GiB.")
        if settings.get("reported"):
            raise ParameterError("the batch does not fit; use a smaller one") from lacking
        raise lacking
    time.sleep(settings.get("sleep", 0))
    return SimpleNamespace(fitted=settings.get("fitted", {}))


def shrinkable(assignment):
    return {name: assignment.settings.get(name, value) for name, value in (("batch", 8), ("patch", 256))}


def write_model(model, path):
    path.write_text("{}")


def open_model(path):
    return json.loads(path.read_text())


def write_prediction(model, image, path, device):
    return write_classes(da.zeros(image.extent, chunks=64, dtype=np.uint8), path)


def figures(model, prediction):
    return {"parameters": 0, "multiply_adds_per_pixel": 0.0, "note": "nothing is learned"}
