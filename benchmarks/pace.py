"""What a lattice network, a U-Net or a forest learns in so many steps on one core, and what another exposure costs it.

python benchmarks/pace.py lattice|unet SET STEPS [SETTING=VALUE ...]
python benchmarks/pace.py forest SET TREES [SETTING=VALUE ...]

SET is vnc-sstem (sections 0 to 8, 10 tells when to stop, 12 and 13 are tested on), axon-sem (rats 1, 2, 4 and 6; 5; 3),
hesc-phase (50 tiles, a fifth of which tell; 20), hesc-14 (its first 14 tiles: 8; 2; 4), bbbc039 or drosophila-ovary
(a fifth tells; 8 or 2 are tested on). Settings are those of the method's values, `seconds` among them, which leave many
STEPS undone. Superpixels are of 8 px unless `size` says it. Core-seconds are those of this process on one thread;
other work on the machine makes them up to twice as many.
"""

from __future__ import annotations

import ast
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import dask
import numpy as np
import torch
from microscopy import Pair, pairs_of

import terrazzo as tz
from terrazzo.settings import spread
from terrazzo.training.rules.schedule import Pace

# What pixels are multiplied by, and what is added in units of the training set's spread.
EXPOSURES = {"test": (1.0, 0.0), "x0.7": (0.7, 0.0), "x1.4": (1.4, 0.0), "+0.3 spread": (1.0, 0.3)}
FITTED = ("epochs", "best_epoch", "validation_accuracy", "validation_loss")


def sides(name: str) -> tuple[list[Pair], list[int] | float, list[Pair]]:
    """Return the pairs to fit on, which of them or what share is for validation, and the pairs to test on."""
    pairs = [] if name == "hesc-14" else pairs_of(name)
    if name == "vnc-sstem":
        return [*pairs[:9], pairs[10]], [9], pairs[12:14]
    if name == "hesc-14":
        return pairs_of("hesc-phase")[:10], [8, 9], pairs_of("hesc-phase")[10:14]
    if name == "axon-sem":
        fitted, stops, tested = ([pair for pair in pairs if pair[0].name[7] in rats] for rats in ("1246", "5", "3"))
        return [*fitted, *stops], [len(fitted)], tested
    order = np.random.default_rng(0).permutation(len(pairs))
    tested = order[50:] if name == "hesc-phase" else order[: {"bbbc039": 8, "drosophila-ovary": 2}[name]]
    return [pairs[i] for i in order if i not in tested], 0.2, [pairs[i] for i in tested]


def score(model: tz.FittedModel, tests: list[Pair], gain: float, offset: float) -> dict[str, float]:
    """Return accuracy and mean IoU over whole images at another exposure, and the core-seconds per megapixel."""
    classes, began, seen = len(model.class_names), time.process_time(), 0
    confusion = np.zeros((classes, classes))
    for image, annotation in tests:
        pixels, truth = tz.open_image(image).stored[...], tz.open_labels(annotation).stored[...][0]
        shifted = pixels if (gain, offset) == (1, 0) else pixels.astype(np.float32) * gain + np.float32(offset)
        found, known = tz.predict(model, shifted, device="cpu").compute(), truth < classes
        np.add.at(confusion, (truth[known], found[known]), 1)
        seen += truth.size
    pace = (time.process_time() - began) / seen * 1e6
    right = np.diagonal(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    accuracy, iou = right.sum() / confusion.sum(), (right / union).mean()
    return {"accuracy": round(accuracy, 4), "mean_iou": round(iou, 4), "core_seconds_per_mpx": round(pace, 3)}


def timed_rounds() -> list[float]:
    """Return a list that gets the core-seconds of each round of validation from now on."""
    taken, judging = list[float](), Pace.judging

    @contextmanager
    def timed(pace: Pace) -> Iterator[None]:
        began = time.process_time()
        with judging(pace):
            yield
        taken.append(time.process_time() - began)

    Pace.judging = timed
    return taken


def fitted_by(method: str, steps: int, given: dict, images: list, annotations: list) -> tz.FittedModel:
    """Return a model of a method."""
    if method == "forest":
        (training,) = spread({"trees": steps, **given}, tz.ForestTraining)
        return tz.fit_forest(images, annotations, training=training)
    given = {"steps": steps, "patience": steps, "device": "cpu", **given}
    if method == "unet":
        network, training = spread(given, tz.UNetSettings, tz.UNetTraining)
        return tz.fit_unet(images, annotations, network=network, training=training)
    size = given.pop("size", 8)
    network, training = spread(given, tz.LatticeSettings, tz.LatticeTraining)
    return tz.fit(images, annotations, size=size, network=network, training=training)


def main(method: str, name: str, steps: int, settings: dict) -> None:
    torch.set_num_threads(1)
    dask.config.set(scheduler="synchronous")
    train, validation, tests = sides(name)
    images, annotations = [tz.open_image(one) for one, _ in train], [tz.open_labels(one) for _, one in train]
    spread_of_all = float(np.std(np.concatenate([np.asarray(image.stored[...]).ravel() for image in images])))
    rounds, began = timed_rounds(), time.process_time()
    model = fitted_by(method, steps, {"validation": validation, **settings}, images, annotations)
    taken = time.process_time() - began
    done = model.fitted.get("steps", steps)
    report = {"method": method, "set": name, **settings, "steps": done, "core_seconds": round(taken)}
    report["validation_share"] = round(sum(rounds) / taken, 3)
    report |= {figure: round(model.fitted[figure], 4) for figure in FITTED if figure in model.fitted}
    report |= {key: score(model, tests, gain, add * spread_of_all) for key, (gain, add) in EXPOSURES.items()}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    pairs = (one.split("=") for one in sys.argv[4:])
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), {setting: ast.literal_eval(value) for setting, value in pairs})
