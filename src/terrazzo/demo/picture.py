"""A picture of a result that a person would want to look at: the whole, and one place up close."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.classes.scores import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OVERVIEW_SIDE = 1024
CLOSE_SIDE = 384
CANDIDATES = 6
TINT = 0.42

Pixels = NDArray[Any]


def draw_picture(
    path: str | Path,
    image: Image,
    truth: Image,
    result: Result,
    colours: Sequence[str],
    class_names: Sequence[str],
    scores: Scores,
) -> None:
    """Write a picture with image, truth, superpixel boundaries and prediction.

    Parameters
    ----------
    path : path
        The PNG file.
    image, truth : Image
        What was segmented, and its true classes (255 = not scored).
    result : Result
        The prediction.
    colours, class_names : sequence of str
        One per class.
    scores : Scores
        Printed in the title.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], np.float32) / 255
    figure, panels = plt.subplots(2, 4, figsize=(18, 10), facecolor="white", layout="constrained")
    step = max(1, max(image.extent) // OVERVIEW_SIDE)
    every = (slice(None, None, step),) * 2
    close = _busiest_window(truth)
    for row, window, edges in ((panels[0], every, False), (panels[1], close, True)):
        grey = _grey(image.stored[(slice(0, 1), *window)][0])
        true = truth.stored[(slice(0, 1), *window)][0]
        predicted, ids = result.read_classes(window), result.read_superpixels(window)
        _panel(row[0], grey, "image")
        _panel(
            row[1],
            _tinted(grey, true, palette),
            "truth" if edges else "truth (the part without tint was fitted on)",
        )
        if edges:
            _panel(row[2], _with_edges(grey, ids), "superpixels")
        else:
            _panel(row[2], _errors(grey, true, predicted), "errors, of the scored pixels")
        _panel(row[3], _tinted(grey, predicted, palette), "prediction")
    _mark(panels[0][0], close, step)
    handles = [Patch(color=colour, label=name) for colour, name in zip(colours, class_names, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=13)
    figure.suptitle(
        f"{image.extent[0]} x {image.extent[1]} pixels, {result.run['figures']['superpixels']:,} superpixels: "
        f"accuracy {scores.accuracy:.3f}, mean IoU {scores.mean_iou:.3f}, ceiling {scores.ceiling:.3f}",
        fontsize=16,
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axes: Axes, pixels: Pixels, title: str) -> None:
    axes.imshow(pixels, interpolation="nearest", vmin=0, vmax=1, cmap="gray")
    axes.set_title(title, fontsize=13)
    axes.set_axis_off()


def _mark(axes: Axes, window: tuple[slice, ...], step: int) -> None:
    from matplotlib.patches import Rectangle

    corner = (window[1].start / step, window[0].start / step)
    side = (window[0].stop - window[0].start) / step
    axes.add_patch(Rectangle(corner, side, side, fill=False, color="#ff4d4d", linewidth=2))


def _grey(pixels: Pixels) -> Pixels:
    low, high = np.percentile(pixels, (0.5, 99.5))
    scaled: Pixels = np.clip((pixels - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)
    return scaled


def _tinted(grey: Pixels, classes: Pixels, palette: Pixels) -> Pixels:
    colour = grey[..., None].repeat(3, axis=2)
    known = classes != NOT_ANNOTATED
    colour[known] = (1 - TINT) * colour[known] + TINT * palette[classes[known]]
    return colour


def _with_edges(grey: Pixels, ids: Pixels) -> Pixels:
    colour = grey[..., None].repeat(3, axis=2)
    colour[find_boundaries(ids, mode="inner")] = (1.0, 0.85, 0.2)
    return colour


def _errors(grey: Pixels, true: Pixels, predicted: Pixels) -> Pixels:
    colour = 0.35 + 0.5 * grey[..., None].repeat(3, axis=2)
    colour[true == NOT_ANNOTATED] *= 0.6
    colour[(true != predicted) & (true != NOT_ANNOTATED)] = (0.85, 0.1, 0.1)
    return colour


def _busiest_window(truth: Image) -> tuple[slice, slice]:
    """Return a scored window in which the rarest of the classes covers the most."""
    side = min(CLOSE_SIDE, *truth.extent)
    best, window = -1, (slice(0, side), slice(0, side))
    spots = [[int(s) for s in np.linspace(0, extent - side, CANDIDATES)] for extent in truth.extent]
    for y in spots[0]:
        for x in spots[1]:
            here = (slice(y, y + side), slice(x, x + side))
            values = truth.stored[(slice(0, 1), *here)][0]
            counts = np.bincount(values.ravel(), minlength=NOT_ANNOTATED + 1)
            present = np.sort(counts[:NOT_ANNOTATED])[::-1][:3].min()
            if counts[NOT_ANNOTATED] == 0 and present > best:
                best, window = int(present), here
    return window
