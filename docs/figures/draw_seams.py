"""Draw `seams.png` and print the table of docs/exactness.md: superpixels of tiles against those of the whole image."""

import io
from pathlib import Path

import dask.array as da
import matplotlib
import PIL.Image

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from skimage.segmentation import slic

import terrazzo as tz
from terrazzo.synthetic import colony_block

SIDE, SIZE = 1024, 16
# 0.45, terrazzo's default in standard deviations of the intensity, in the unit of scikit-image: this image's range.
COMPACTNESS = 0.032
CORNER = (0, 800)
HALOS = (0, 32, 64, 128)
COLUMNS = {"tiles of 100": (100, False), "tiles of 128": (128, False), "tiles of 512": (512, False)}
COLUMNS |= {"100, one contrast": (100, True), "128, one contrast": (128, True)}
SHOWN = slice(64, 256), slice(320, 512)
SHOWN_TILE, SHOWN_HALO = 128, 64


def main() -> None:
    """Print the table and draw the picture beside this script."""
    image, _ = colony_block(CORNER, (SIDE, SIDE), seed=1)
    theirs, ours = _slic(image), tz.superpixels(image, SIZE).compute()
    _print_table(image, theirs, ours)
    tiled = _slic_in_tiles(image, SHOWN_TILE, SHOWN_HALO)
    in_blocks = _ours_in_blocks(image, SHOWN_TILE)
    if not np.array_equal(ours, in_blocks):
        raise SystemExit("blocks changed the superpixels")
    shares = [_agreement(*pair, SHOWN_TILE) for pair in ((theirs, tiled), (ours, in_blocks))]
    figure, axes = plt.subplots(1, 3, figsize=(12.6, 4.5), layout="constrained")
    _draw(axes[0], image, theirs, theirs, "scikit-image, whole image")
    _draw(
        axes[1], image, theirs, tiled, f"scikit-image, tiles of {SHOWN_TILE}, halo {SHOWN_HALO}: {shares[0]:.1%} agree"
    )
    _draw(axes[2], image, ours, in_blocks, f"terrazzo, blocks of {SHOWN_TILE}: {shares[1]:.1%} agree")
    for panel in axes[1:]:
        _draw_seams(panel)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    picture = PIL.Image.open(buffer).convert("RGB")
    small = picture.quantize(64, PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    small.save(Path(__file__).with_name("seams.png"), optimize=True)


def _print_table(image: np.ndarray, theirs: np.ndarray, ours: np.ndarray) -> None:
    print("| halo |", " | ".join(COLUMNS), "|\n|" + "---|" * (1 + len(COLUMNS)))
    for halo in HALOS:
        tiled = ((tile, _slic_in_tiles(image, tile, halo, one_contrast=one)) for tile, one in COLUMNS.values())
        print(f"| {halo} |", " | ".join(f"{_agreement(theirs, labels, tile):.1%}" for tile, labels in tiled), "|")
    equal = (np.array_equal(ours, _ours_in_blocks(image, tile)) for tile, _ in COLUMNS.values())
    print("| terrazzo |", " | ".join("every label" if same else "DIFFERS" for same in equal), "|")
    elsewhere, _ = colony_block((5000, 9000), image.shape, seed=5)
    by_chance = _agreement(theirs, _slic(elsewhere), SIDE)
    print(f"by chance (two different images): {by_chance:.1%}")
    print("superpixels in the whole image:", *(np.unique(labels).size for labels in (theirs, ours)))


def _slic(window: np.ndarray, compactness: float = COMPACTNESS) -> np.ndarray:
    segments = round(window.size / SIZE**2)
    return slic(window, segments, compactness, max_num_iter=5, sigma=1, channel_axis=None)


def _slic_in_tiles(image: np.ndarray, tile: int, halo: int, *, one_contrast: bool = False) -> np.ndarray:
    """Run scikit-image on each tile and a halo around it, and keep the tile; ids repeat from tile to tile."""
    labels = np.empty(image.shape, int)
    for y in range(0, SIDE, tile):
        for x in range(0, SIDE, tile):
            top, left = max(0, y - halo), max(0, x - halo)
            window = image[top : y + tile + halo, left : x + tile + halo]
            # Every call stretches its window to 0..1; the same factor in the compactness undoes that.
            stretch = int(np.ptp(image)) / int(np.ptp(window)) if one_contrast else 1
            found = _slic(window, COMPACTNESS * stretch)[y - top :, x - left :][:tile, :tile]
            labels[y : y + tile, x : x + tile] = found
    return labels


def _ours_in_blocks(image: np.ndarray, block: int) -> np.ndarray:
    chunks = da.from_array(image, chunks=(block - 27, block + 5))
    return tz.superpixels(chunks, SIZE, block=block).compute()


def _boundaries(labels: np.ndarray, tile: int) -> np.ndarray:
    """Pixels whose neighbour to the right or below is in another superpixel; seams of tiles are not counted."""
    mask = np.zeros(labels.shape, bool)
    inside = np.arange(1, SIDE) % tile != 0
    mask[:, :-1] |= (labels[:, 1:] != labels[:, :-1]) & inside
    mask[:-1] |= (labels[1:] != labels[:-1]) & inside[:, None]
    return mask


def _agreement(whole: np.ndarray, parts: np.ndarray, tile: int) -> float:
    """Of the pixels that are a boundary in either run, the share that are one in both."""
    one, other = _boundaries(whole, tile), _boundaries(parts, tile)
    return float((one & other).sum() / (one | other).sum())


def _draw(axes: Axes, image: np.ndarray, whole: np.ndarray, parts: np.ndarray, title: str) -> None:
    tile = SIDE if whole is parts else SHOWN_TILE
    expected, found = (_boundaries(labels, tile)[SHOWN] for labels in (whole, parts))
    shade = image[SHOWN].astype(float)
    shade = (shade - shade.min()) / np.ptp(shade)
    picture = np.repeat(shade[..., None], 3, axis=2)
    picture[expected & found] = (0.95, 0.64, 0.24)
    picture[expected ^ found] = (0.9, 0.1, 0.1)
    rows, columns = SHOWN
    axes.imshow(picture, extent=(columns.start, columns.stop, rows.stop, rows.start), interpolation="nearest")
    axes.set_title(title, fontsize=11)
    axes.set_axis_off()


def _draw_seams(axes: Axes) -> None:
    rows, columns = SHOWN
    for seam in range(0, SIDE, SHOWN_TILE):
        if rows.start < seam < rows.stop:
            axes.axhline(seam, color="#4fc3ff", linewidth=1.3)
        if columns.start < seam < columns.stop:
            axes.axvline(seam, color="#4fc3ff", linewidth=1.3)


if __name__ == "__main__":
    main()
