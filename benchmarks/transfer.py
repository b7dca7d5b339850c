"""How many strokes does another rat take, from nothing and from a network that was fitted on others?

python benchmarks/transfer.py [STEPS] [SEEDS]

In axon-sem the network to start from is fitted on rats 1, 2, 5 and 6 with all their annotations. Strokes, squares of 12
pixels with the truth, are drawn at random on one image of rat 3, and its two others are scored. Both ways get the same
strokes, superpixels of 8 px and the same number of steps, and keep what is best on a fifth of the strokes.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from microscopy import Pair, pairs_of

import terrazzo as tz
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

CLASSES = ("background", "myelin", "axon")
STROKES = (0, 10, 20, 40, 80, 160)
SIDE = 12


def strokes_on(truth: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Return an annotation with the truth in so many squares; those of a smaller number are among those of a larger."""
    rng, drawn = np.random.default_rng(seed), np.full(truth.shape, NOT_ANNOTATED, np.uint8)
    for _ in range(number):
        square = tuple(slice(start, start + SIDE) for start in (int(rng.integers(n - SIDE)) for n in truth.shape))
        drawn[square] = truth[square]
    return drawn


def score(model: tz.FittedModel, tests: list[Pair]) -> dict[str, float]:
    """Return accuracy and mean IoU over whole images."""
    confusion = np.zeros((len(CLASSES), len(CLASSES)))
    for image, annotation in tests:
        truth, found = tz.open_labels(annotation).plane.compute(), tz.predict(model, tz.open_image(image)).compute()
        known = truth < len(CLASSES)
        np.add.at(confusion, (truth[known], found[known]), 1)
    right = np.diagonal(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    return {"accuracy": round(right.sum() / confusion.sum(), 4), "mean_iou": round((right / union).mean(), 4)}


def main(steps: int = 300, seeds: int = 2) -> None:
    pairs = pairs_of("axon-sem")
    others = [pair for pair in pairs if pair[0].name[7] in "1256"]
    (image, label), *tests = [pair for pair in pairs if pair[0].name[7] == "3"]
    truth = tz.open_labels(label).plane.compute()
    for seed in range(seeds):
        training = tz.LatticeTraining(steps=steps, seed=seed)
        images, annotations = [tz.open_image(one) for one, _ in others], [tz.open_labels(one) for _, one in others]
        start = tz.fit(images, annotations, class_names=CLASSES, size=8, training=training)
        for number in STROKES:
            drawn = strokes_on(truth, number, seed)
            for way, given in {"from nothing": {"size": 8}, "started": {"start": start}}.items():
                if number:
                    model = tz.fit([tz.open_image(image)], [drawn], class_names=CLASSES, training=training, **given)
                elif way == "started":
                    model = start
                else:
                    continue
                found = {"strokes": number, "way": way, "seed": seed, "steps": steps, **score(model, tests)}
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
