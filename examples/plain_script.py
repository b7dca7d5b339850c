"""From an image and an annotation to classes, in one script.

python examples/plain_script.py [SIDE]
"""

import sys

import dask.array as da
import numpy as np

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image


def main(side: int = 1024) -> None:
    image, truth = colony_image((side, side), chunks=512)
    half = da.arange(side, chunks=512) < side // 2
    annotation = da.where(half[None], truth, np.uint8(255))  # the right half is not annotated

    network, training = tz.LatticeSettings(width=32), tz.LatticeTraining(steps=150)
    model = tz.fit([image], [annotation], class_names=CLASS_NAMES, size=12, network=network, training=training)
    classes = tz.predict(model, image)

    right = (classes == truth)[:, side // 2 + 64 :]
    print(f"accuracy where nothing was annotated: {right.mean().compute():.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
