"""Small pictures of the test images: as they are, the truth, what each method says, and where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from terrazzo.comparison.assignment import AnnotatedSource
from terrazzo.comparison.splitting.split import Split
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_labels
from terrazzo.io.results.result import RUN, open_result
from terrazzo.palette import class_colours
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

SIDE = 640
MOST_IMAGES = 24
FOLDER, OVERLAYS = "pictures", "overlays"
# Red, green, blue and how much of the image they hide, of 255.
HIDDEN, CLEAR = 128, (0, 0, 0, 0)
RIGHT, NOT_KNOWN, WRONG = (220, 220, 220, 128), (73, 73, 73, 191), (214, 39, 40, 255)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Overlay:
    """What lies over an image: few colours, each hiding a share of the image.

    Parameters
    ----------
    indices : ndarray of uint8, shape (y, x)
        The colour of each pixel.
    colours : tuple of tuple of int
        Red, green, blue and opacity.
    """

    indices: Pixels
    colours: tuple[tuple[int, ...], ...]

    @classmethod
    def of_classes(cls, classes: NDArray[Any], number: int) -> Overlay:
        """Return classes in their colours; nothing where there is none."""
        colours = class_colours(number, ())
        shown = tuple((*(int(colour[i : i + 2], 16) for i in (1, 3, 5)), HIDDEN) for colour in colours)
        return cls(np.minimum(classes, number).astype(np.uint8), (*shown, CLEAR))

    @classmethod
    def of_errors(cls, truth: NDArray[Any], found: NDArray[Any]) -> Overlay:
        """Return what is wrong in red over a paler image, darker where nothing is annotated."""
        known = truth != NOT_ANNOTATED
        return cls(np.where(known, np.where(truth == found, 0, 2), 1).astype(np.uint8), (RIGHT, NOT_KNOWN, WRONG))

    def over(self, colour: Pixels) -> Pixels:
        """Return an image (y, x, 3) with this over it."""
        table = np.array(self.colours, np.float32)[self.indices]
        hidden = table[..., 3:] / 255
        mixed: Pixels = np.rint((1 - hidden) * colour + hidden * table[..., :3]).astype(np.uint8)
        return mixed

    def save(self, path: Path) -> None:
        """Write it as a PNG with a palette: a hundredth of the bytes of a picture."""
        picture = Picture.fromarray(self.indices)
        picture.putpalette([value for colour in self.colours for value in colour[:3]])
        picture.save(path, optimize=True, transparency=bytes(colour[3] for colour in self.colours))


def draw_pictures(
    folder: Path, split: Split, outcomes: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Write the pictures of the first test images as PNG and return where they are.

    Returns
    -------
    list of dict
        For each image its name; by layer ("image", "truth", a method, a method's "errors") the file, relative to the
        folder; and by layer but the image's what lies over the image there, as a PNG of few colours.
    """
    (folder / FOLDER / OVERLAYS).mkdir(parents=True, exist_ok=True)
    drawn = []
    tests = [(fold, place, one) for fold, sides in enumerate(split.folds) for place, one in enumerate(sides["test"])]
    for number, (fold, place, source) in enumerate(tests[:MOST_IMAGES]):
        predictions = {
            method: found[fold]["predict"]["images"][place]["prediction"]
            for method, found in outcomes.items()
            if "error" not in found[fold]
        }
        image = source.image.image()
        window = _window(image)
        colour = _shown(image.stored[(slice(None), *window)])
        files, overlays = {"image": f"{FOLDER}/{number}-image.png"}, {}
        _save(colour, folder / files["image"])
        for layer, overlay in _overlays(source, predictions, window, len(split.class_names)).items():
            name = f"{number}-{re.sub('[.: ]', '-', layer)}.png"
            files[layer], overlays[layer] = f"{FOLDER}/{name}", f"{FOLDER}/{OVERLAYS}/{name}"
            _save(overlay.over(colour), folder / files[layer])
            overlay.save(folder / overlays[layer])
        drawn.append({"name": source.name, "layers": files, "overlays": overlays})
    return drawn


def _overlays(
    source: AnnotatedSource, predictions: Mapping[str, str], window: tuple[Any, ...], classes: int
) -> dict[str, Overlay]:
    truth = source.annotation.labels().stored[(slice(0, 1), *window)][0]
    layers = {"truth": Overlay.of_classes(truth, classes)}
    for method, path in predictions.items():
        found = _read(path, window)
        layers[method] = Overlay.of_classes(found, classes)
        layers[f"{method} errors"] = Overlay.of_errors(truth, found)
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


def _save(colour: Pixels, path: Path) -> None:
    """Write a picture, in grey if it is grey."""
    grey = (colour == colour[..., :1]).all()
    Picture.fromarray(colour[..., 0] if grey else colour).save(path, optimize=True)
