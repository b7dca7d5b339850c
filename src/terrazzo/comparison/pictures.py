"""Small pictures of the test images: as they are, the truth, what each method says, and where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from terrazzo.comparison.assignment import AnnotatedSource
from terrazzo.comparison.split import Split
from terrazzo.io.image import Image
from terrazzo.io.open_image import open_labels
from terrazzo.io.result import RUN, open_result
from terrazzo.regions.annotation import NOT_ANNOTATED
from terrazzo.training.fit_gnn import PALETTE

SIDE = 640
MOST_IMAGES = 6
TINT = 0.5
WRONG = (214, 39, 40)
FOLDER = "pictures"

Pixels = NDArray[np.uint8]


def draw_pictures(
    folder: Path, split: Split, outcomes: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Write the pictures of the first test images as PNG and return where they are.

    Returns
    -------
    list of dict
        For each image its name, and by layer ("image", "truth", a method, a method's "errors") the file, relative to
        the folder.
    """
    (folder / FOLDER).mkdir(exist_ok=True)
    palette = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE], np.uint8)
    palette = palette[np.arange(NOT_ANNOTATED + 1) % len(palette)]
    drawn = []
    tests = [(fold, place, one) for fold, sides in enumerate(split.folds) for place, one in enumerate(sides["test"])]
    for number, (fold, place, source) in enumerate(tests[:MOST_IMAGES]):
        predictions = {
            method: found[fold]["predict"]["images"][place]["prediction"]
            for method, found in outcomes.items()
            if "error" not in found[fold]
        }
        layers = _layers(source, predictions, palette)
        files = {}
        for layer, pixels in layers.items():
            files[layer] = f"{FOLDER}/{number}-{re.sub('[.: ]', '-', layer)}.png"
            Picture.fromarray(pixels).save(folder / files[layer], optimize=True)
        drawn.append({"name": source.name, "layers": files})
    return drawn


def _layers(source: AnnotatedSource, predictions: Mapping[str, str], palette: Pixels) -> dict[str, Pixels]:
    image, labels = source.image.image(), source.annotation.labels()
    window = _window(image)
    colour = _shown(image.stored[(slice(None), *window)])
    truth = labels.stored[(slice(0, 1), *window)][0]
    layers = {"image": colour, "truth": _tinted(colour, truth, palette)}
    for method, path in predictions.items():
        found = _read(path, window)
        layers[method] = _tinted(colour, found, palette)
        layers[f"{method} errors"] = _errors(colour, truth, found)
    return layers


def _window(image: Image) -> tuple[Any, ...]:
    """Return what is shown: every so manyth pixel, of a volume the section in the middle."""
    height, width = image.extent[-2:]
    step = max(1, -(-max(height, width) // SIDE))
    plane = (slice(None, None, step),) * 2
    return plane if len(image.extent) == 2 else (image.extent[0] // 2, *plane)


def _read(path: str, window: tuple[Any, ...]) -> NDArray[Any]:
    if (Path(path) / RUN).is_file():
        return open_result(path).read_classes(window)
    labels: NDArray[Any] = open_labels(path).stored[(slice(0, 1), *window)][0]
    return labels


def _shown(pixels: NDArray[Any]) -> Pixels:
    """Return channels (c, y, x) as red, green and blue: three as they are, otherwise the first in grey."""
    channels = pixels[:3] if len(pixels) in (3, 4) else pixels[:1].repeat(3, axis=0)
    low, high = np.percentile(channels, (0.5, 99.5))
    scaled = np.clip((channels.astype(np.float32) - low) / max(high - low, 1e-9), 0, 1)
    return np.moveaxis((255 * scaled).astype(np.uint8), 0, -1)


def _tinted(colour: Pixels, classes: NDArray[Any], palette: Pixels) -> Pixels:
    known = classes != NOT_ANNOTATED
    tinted = colour.copy()
    mixed = (1 - TINT) * colour[known] + TINT * palette[classes[known].clip(0, NOT_ANNOTATED)]
    tinted[known] = mixed.astype(np.uint8)
    return tinted


def _errors(colour: Pixels, truth: NDArray[Any], found: NDArray[Any]) -> Pixels:
    """Return the image, paler, with what is wrong in red; darker where nothing is annotated."""
    shown = (110 + 0.5 * colour).astype(np.uint8)
    shown[truth == NOT_ANNOTATED] //= 2
    shown[(truth != found) & (truth != NOT_ANNOTATED)] = WRONG
    return shown
