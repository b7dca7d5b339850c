"""Draw `superpixel_quality.png`: scikit-image's superpixels and ours at three compactnesses, over the true boundary."""

import io
from pathlib import Path

import matplotlib
import PIL.Image

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from skimage.segmentation import find_boundaries, slic

import terrazzo as tz
from terrazzo.synthetic import colony_block

CORNER, SIDE, SIZE = (0, 975), 384, 16
SHOWN = np.s_[54:198, 54:198]
COMPACTNESS = 0.45
# scikit-image joins small superpixels: these seeds leave it about as many as the lattice has cells.
THEIR_SEEDS = 700
FINE = 4


def main() -> None:
    """Draw the picture beside this script."""
    image, truth = colony_block(CORNER, (SIDE, SIDE), seed=1)
    figure, axes = plt.subplots(1, 4, figsize=(13.0, 3.55), layout="constrained")
    _draw(axes[0], image, truth, _theirs(image), f"scikit-image, {COMPACTNESS}")
    for panel, compactness in zip(axes[1:], (0.15, COMPACTNESS, 1.5), strict=True):
        labels = tz.superpixels(image, SIZE, compactness).compute()
        _draw(panel, image, truth, labels, f"terrazzo, {compactness}")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    picture = PIL.Image.open(buffer).convert("RGB")
    small = picture.quantize(64, PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    small.save(Path(__file__).with_name("superpixel_quality.png"), optimize=True)


def _theirs(image: np.ndarray) -> np.ndarray:
    """With the compactness that means the same: scikit-image's is in units of the image's range."""
    compactness = COMPACTNESS * float(image.std()) / float(np.ptp(image))
    return slic(image, THEIR_SEEDS, compactness, sigma=1, channel_axis=None)


def _draw(axes: Axes, image: np.ndarray, truth: np.ndarray, labels: np.ndarray, title: str) -> None:
    shade = image[SHOWN].astype(float)
    shade = (shade - shade.min()) / np.ptp(shade)
    picture = np.repeat(np.kron(shade, np.ones((FINE, FINE)))[..., None], 3, axis=2)
    picture[_lines(labels)] = (0.95, 0.64, 0.24)
    picture[_lines(truth)] = (0.3, 0.76, 1.0)
    axes.imshow(picture, interpolation="antialiased")
    number = np.unique(labels).size
    axes.set_title(f"{title}: {number} superpixels", fontsize=11)
    axes.set_axis_off()


def _lines(labels: np.ndarray) -> np.ndarray:
    # A boundary lies between two pixels: at four times the resolution it is one thin line.
    return find_boundaries(np.kron(labels[SHOWN].astype(np.int64), np.ones((FINE, FINE), np.int64)), mode="inner")


if __name__ == "__main__":
    main()
