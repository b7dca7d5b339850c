"""The U-Net beside MONAI's BasicUNet of the same widths, trained by the same loop on the same tiles of hesc-phase.

python benchmarks/unet_reference.py [EPOCHS] [SEED]

It needs `pip install monai`. Both see the same patches in the same order; 50 tiles are for fitting, 20 for scoring.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from hesc_phase import TRAINING_TILES
from microscopy import pairs_of
from torch import nn

import terrazzo as tz
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.network import UNet
from terrazzo.training.rules.optimise import best_of
from terrazzo.training.rules.split_sources import split_sources
from terrazzo.training.unet.train_unet import FittedUNet, train_unet

CLASSES = 2
BASE = 16
PATCH, BATCH = (128, 128), 8


def monai_network(description: UNetDescription) -> nn.Module:
    """Return MONAI's network with the widths of a description: batch normalisation and ReLU, as ours."""
    from monai.networks.nets import BasicUNet

    widths = [level.channels for level in description.down.levels]
    return BasicUNet(
        spatial_dims=2,
        in_channels=description.inputs,
        out_channels=description.classes,
        features=(*widths, widths[0]),
        act="relu",
        norm="batch",
    )


def score(fitted: FittedUNet, tests: list) -> dict[str, float]:
    """Return accuracy and mean IoU over whole tiles that nothing was fitted on."""
    confusion = np.zeros((CLASSES, CLASSES))
    for image, annotation in tests:
        pixels, truth = tz.open_image(image).stored[...], tz.open_labels(annotation).stored[...][0]
        scaled = (pixels.astype(np.float32) - np.float32(fitted.mean)) / np.float32(fitted.spread)
        with torch.inference_mode():
            found = fitted.network(torch.from_numpy(scaled)[None])[0].argmax(dim=0).numpy()
        known = truth < CLASSES
        np.add.at(confusion, (truth[known], found[known]), 1)
    right = np.diagonal(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    return {"accuracy": right.sum() / confusion.sum(), "mean_iou": (right / union).mean()}


def main(epochs: int = 30, seed: int = 0) -> None:
    pairs = pairs_of("hesc-phase")
    order = np.random.default_rng(seed).permutation(len(pairs))
    train, tests = ([pairs[i] for i in rows] for rows in np.split(order, [TRAINING_TILES]))
    pixels = [tz.open_image(image).stored[...] for image, _ in train]
    truths = [tz.open_labels(annotation).stored[...] for _, annotation in train]
    sources = split_sources(pixels, truths, CLASSES, seed=seed)
    description = tz.UNetSettings(base=BASE).description(1, CLASSES)
    makers: dict[str, Callable[[UNetDescription], nn.Module]] = {"terrazzo": UNet, "monai": monai_network}
    for name, make in makers.items():
        began = time.perf_counter()
        training = tz.UNetTraining(epochs=epochs, patience=epochs, batch=BATCH, seed=seed)
        fitted = train_unet(description, sources, PATCH, training, make=make)
        seconds = time.perf_counter() - began
        report = {
            "network": name,
            "parameters": sum(weights.numel() for weights in fitted.network.parameters()),
            **{figure: round(float(value), 4) for figure, value in score(fitted, tests).items()},
            "validation_accuracy": round(best_of(fitted.history).validation_accuracy, 4),
            "epochs": epochs,
            "seconds": round(seconds, 1),
        }
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
