"""Draw `superpixels.png`: the lattice of seeds, and the superpixels that grow from it, across the seams of blocks."""

import io
from pathlib import Path

import matplotlib
import PIL.Image

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from skimage.segmentation import find_boundaries

import terrazzo as tz
from terrazzo.synthetic import colony_block

SIDE, SIZE, BLOCK = 256, 16, 64
CORNER = (70, 1045)


def main() -> None:
    """Draw the picture beside this script."""
    image, _ = colony_block(CORNER, (SIDE, SIDE), seed=1)
    lattice = tz.Lattice.of(image, SIZE)
    rows, columns = (np.arange(n) // SIZE for n in image.shape)
    cells = 1 + rows[:, None] * lattice.cells[1] + columns
    whole = tz.superpixels(image, lattice).compute()
    in_blocks = tz.superpixels(image, lattice, block=BLOCK).compute()
    if not np.array_equal(whole, in_blocks):
        raise SystemExit("blocks changed the superpixels")
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 5.15), layout="constrained")
    _draw(axes[0], image, cells, f"The lattice: a seed every {SIZE} pixels")
    _draw(axes[1], image, in_blocks, f"Superpixels, computed in blocks of {BLOCK} pixels")
    for seam in range(BLOCK, SIDE, BLOCK):
        axes[1].axvline(seam - 0.5, color="#4fc3ff", linewidth=1.4, linestyle=(0, (4, 4)))
        axes[1].axhline(seam - 0.5, color="#4fc3ff", linewidth=1.4, linestyle=(0, (4, 4)))
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    small = (
        PIL.Image.open(buffer).convert("RGB").quantize(64, PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    )
    small.save(Path(__file__).with_name("superpixels.png"), optimize=True)


def _draw(axes: Axes, image: np.ndarray, labels: np.ndarray, title: str) -> None:
    shade = image.astype(float)
    shade = (shade - shade.min()) / (shade.max() - shade.min())
    # A boundary lies between two pixels: at four times the resolution it is one thin line.
    fine = np.kron(labels, np.ones((4, 4), labels.dtype))
    picture = np.repeat(np.kron(shade, np.ones((4, 4)))[..., None], 3, axis=2)
    picture[find_boundaries(fine, mode="inner")] = (0.95, 0.64, 0.24)
    axes.imshow(picture, extent=(-0.5, SIDE - 0.5, SIDE - 0.5, -0.5), interpolation="antialiased")
    axes.set_title(title, fontsize=11)
    axes.set_axis_off()


if __name__ == "__main__":
    main()
