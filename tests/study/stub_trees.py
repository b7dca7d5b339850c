"""A method for trees that learns nothing: its classes end where the tree's width says, so that trees differ."""

# ruff: noqa: ARG001
import json
import os
import time
from types import SimpleNamespace

import dask.array as da
import numpy as np

from terrazzo.comparison.written_classes import write_classes
from terrazzo.errors import ParameterError
from terrazzo.progress import Step, tell
from terrazzo.study.methods import tree_in
from terrazzo.training.rules.optimise import Epoch

TITLE = "Ends where the width says"
EPOCHS = 4

# What values of dropout do.
FAILS, HUNGRY = 0.25, 0.125


def fit(assignment):
    tree = tree_in(assignment)
    width, dropout = tree.values["width"], tree.values["dropout"]
    if dropout == FAILS:
        raise ParameterError("the loss is not finite in epoch 1; use a learning rate below 1")
    if dropout == HUNGRY:
        np.ones(2**29)
    for epoch in range(1, EPOCHS + 1):
        time.sleep(float(os.environ.get("STUB_SECONDS", "0")))  # its work
        tell(Step("epochs", epoch, EPOCHS, detail=Epoch(epoch, 1.0, 1.0, width / 100 + epoch / 1000, 0.1)))
    return SimpleNamespace(width=width, fitted={"steps": 100.0})


def write_model(model, path):
    path.write_text(json.dumps({"width": model.width}))


def open_model(path):
    return json.loads(path.read_text())


def write_prediction(model, image, path, device):
    height, width = image.extent
    columns = np.arange(width) >= width - 2 * model["width"]
    return write_classes(da.from_array(np.broadcast_to(columns, (height, width)).astype(np.uint8)), path)


def figures(model, prediction):
    return {"parameters": model["width"], "multiply_adds_per_pixel": 0.0, "note": "nothing is learned"}
