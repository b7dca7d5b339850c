"""Which images are called unlike others: real ones left out of their own set, changed, of other sets.

    python benchmarks/unlike_images.py ../shared/data

Prints one line for each set and change: how many of the images warn. About half a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import terrazzo as tz
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.intensities.image_intensities import intensities_of, window_intensities
from terrazzo.regions.intensities.unlike import unlike
from terrazzo.regions.superpixels.intensity_scale import scale_windows

SETS = ("axon-sem", "bbbc039", "breast-he-slide", "drosophila-ovary", "hesc-phase", "vnc-sstem")
FEW = (1, 2, 3, 5, 10)


def values_of(path: Path) -> Any:
    """Evenly spaced pixels of the windows of an image, (c, n)."""
    stored = tz.open_image(path).stored
    windows = (stored[(slice(None), *box.slices)] for box in scale_windows(stored.shape[1:]))
    return np.concatenate([window_intensities(window) for window in windows], axis=1)


def exposed(times: float) -> Callable[[Any], Any]:
    return lambda values: (values * times).clip(0, np.iinfo(values.dtype).max).astype(values.dtype)


def scaled(times: int) -> Callable[[Any], Any]:
    return lambda values: (values.astype(np.uint32) * times).clip(0, 65535).astype(np.uint16)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda values: values,
    "twice as bright, saturated": exposed(2),
    "half as bright": exposed(0.5),
    "x 16, uint16": scaled(16),
    "x 257, uint16": scaled(257),
    "/ 16": exposed(1 / 16),
    "inverted": lambda values: np.iinfo(values.dtype).max - values,
    "0 to 1, float32": lambda values: (values / np.iinfo(values.dtype).max).astype(np.float32),
}


def seen(values: list[Any]) -> Distribution:
    found = Distribution.of([intensities_of([one]) for one in values])
    assert found is not None
    return found


def warns(values: Any, others: Distribution) -> str | None:
    found = intensities_of([values])
    assert found is not None
    return unlike(found, others)


def share(said: list[str | None]) -> str:
    return f"{sum(one is not None for one in said)} of {len(said)}"


def main(folder: Path) -> None:
    sets = {name: [values_of(path) for path in sorted((folder / name / "images").iterdir())] for name in SETS}
    for name, images in sets.items():
        rest = [seen([other for other in images if other is not one] or [one]) for one in images]
        for change, function in CHANGES.items():
            said = [warns(function(one), others) for one, others in zip(images, rest, strict=True)]
            print(f"{name:18}{change:28}{share(said):10}{next(filter(None, said), '')}")
        for number in (few for few in FEW if few < len(images)):
            rng = np.random.default_rng(0)
            drawn = []
            for place in np.tile(np.arange(len(images)), 5):
                others = [images[other] for other in rng.permutation(len(images)) if other != place]
                drawn.append(warns(images[place], seen(others[:number])))
            print(f"{name:18}{f'as it is, fitted on {number}':28}{share(drawn)}")
        for other, theirs in sets.items():
            if other != name and theirs[0].shape[0] == images[0].shape[0]:
                print(f"{name:18}{f'an image of {other}':28}{share([warns(one, seen(images)) for one in theirs])}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
