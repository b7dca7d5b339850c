"""Few images, or few annotated pixels: lattice network, U-Net and random forest in equal seconds on one core.

python benchmarks/few.py images FILE SET [SECONDS] [DRAWS]      3 to 20 tiles, or 1 to 3 images, drawn DRAWS times
python benchmarks/few.py strokes FILE SET [SECONDS] [DRAWS]     1 % and 0.1 % of the pixels, as strokes inside classes
python benchmarks/few.py table FILE

Each figure is a line of FILE; what is there already is not measured again. Give the process one core. What is tested
on is never drawn, and is the middle of at most MOST images, SIDE pixels wide.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dask
import numpy as np
import torch
from comparison import CLASSES
from curve import METHODS, fitted
from microscopy import Pair, pairs_of

import terrazzo as tz
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

SECONDS, DRAWS = 20.0, 5
STROKES = 3
"""How often strokes are drawn."""

MOST, SIDE = 8, 512
NUMBERS = {"hesc-phase": (3, 6, 10, 20), "bbbc039": (3, 6, 10)}
SHARES = (0.01, 0.001)
LONG, WIDE, TURN = 60, 3, 0.3
"""Of a stroke: its length and width in pixels, and how far its direction turns from step to step."""


def sides(name: str) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs that may be drawn, and those that are tested on, which no image of the others touches."""
    pairs = pairs_of(name)
    if name == "vnc-sstem":
        return pairs[:10], pairs[12:]
    if name == "axon-sem":
        return tuple([one for one in pairs if (one[0].name[7] in "34") == tested] for tested in (False, True))
    order = np.random.default_rng(0).permutation(len(pairs))
    tested = {"hesc-phase": 20, "bbbc039": 8, "drosophila-ovary": 2}[name]
    return [pairs[i] for i in order[tested:]], [pairs[i] for i in order[:tested]]


def scored(model: tz.FittedModel, tests: list[Pair], classes: int) -> dict[str, float]:
    confusion = np.zeros((classes, classes))
    for image, annotation in tests[:MOST]:
        pixels, truth = tz.open_image(image).stored[...], tz.open_labels(annotation).stored[...][0]
        middle = tuple(slice(max(0, (n - SIDE) // 2), max(0, (n - SIDE) // 2) + SIDE) for n in truth.shape)
        found = tz.predict(model, np.ascontiguousarray(pixels[:, *middle]), device="cpu").compute()
        known = truth[middle] < classes
        np.add.at(confusion, (truth[middle][known], found[known]), 1)
    right = np.diagonal(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    there = union > 0
    return {
        "accuracy": round(right.sum() / confusion.sum(), 4),
        "mean_iou": round((right[there] / union[there]).mean(), 4),
    }


def draws(name: str, number: int) -> Iterator[tuple[dict[str, object], list[Pair]]]:
    """Yield lists of images, the same for each method."""
    train, _ = sides(name)
    for count in (one for one in NUMBERS.get(name, (1, 2, 3)) if one <= len(train)):
        for draw in range(number):
            chosen = np.random.default_rng((count, draw)).permutation(len(train))[:count]
            yield {"images": count, "draw": draw}, [train[place] for place in chosen]


def strokes(truth: np.ndarray, share: float, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Return annotations of a share of the pixels: strokes that stay inside a class, of each class in turn."""
    drawn, wanted = np.full(truth.shape, NOT_ANNOTATED, np.uint8), share * truth.size
    places = [np.argwhere(truth == number) for number in range(classes)]
    there = [number for number in range(classes) if len(places[number])]
    turn = 0
    while (drawn != NOT_ANNOTATED).sum() < wanted:
        number = there[turn % len(there)]
        turn += 1
        where, angle = places[number][rng.integers(len(places[number]))].astype(float), rng.uniform(0, 2 * np.pi)
        for _ in range(LONG):
            y, x = np.rint(where).astype(int)
            if not (0 <= y < truth.shape[0] and 0 <= x < truth.shape[1]) or truth[y, x] != number:
                break
            around = (slice(max(0, y - WIDE // 2), y + WIDE // 2 + 1), slice(max(0, x - WIDE // 2), x + WIDE // 2 + 1))
            drawn[around][truth[around] == number] = number
            angle += rng.normal(0, TURN)
            where += np.sin(angle), np.cos(angle)
    return drawn


def sparse(name: str, number: int, folder: Path) -> Iterator[tuple[dict[str, object], list[Pair]]]:
    """Yield all images for training, with strokes in place of their annotations."""
    train, _ = sides(name)
    for share, draw in itertools.product(SHARES, range(number)):
        pairs = []
        for place, (image, annotation) in enumerate(train):
            truth = tz.open_labels(annotation).stored[...][0]
            file = folder / f"{share}" / f"{draw}" / f"{image.stem}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng((place, draw) if draw else (place,))
            np.save(file, strokes(truth, share, len(CLASSES[name]), rng))
            pairs.append((image, file))
        yield {"share": share, "draw": draw}, pairs


def measure(file: Path, name: str, jobs: Iterator[tuple[dict[str, object], list[Pair]]], seconds: float) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    done = [{key: value for key, value in line.items() if key not in ("accuracy", "mean_iou", "why")} for line in lines]
    _, tests = sides(name)
    for job, pairs in jobs:
        for method in METHODS:
            line = {"set": name, "method": method, "seconds": seconds, **job}
            if line in done:
                continue
            try:
                model, _ = fitted(method, pairs, seconds, class_names=CLASSES[name])
                line |= scored(model, tests, len(CLASSES[name]))
            except tz.TerrazzoError as error:
                line |= {"why": str(error)}
            with file.open("a") as lines_of:
                print(json.dumps(line), file=lines_of)
            print(json.dumps(line), flush=True)


def table(file: Path) -> None:
    """Print mean and worst accuracy and mean IoU in Markdown."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    print("| set | what | method | draws | accuracy | worst | mean IoU | worst |\n|---|---|---|---|---|---|---|---|")
    keys = dict.fromkeys((one["set"], one.get("images"), one.get("share"), one["method"]) for one in lines)
    for name, images, share, method in keys:
        key = (name, images, share, method)
        own = [one for one in lines if (one["set"], one.get("images"), one.get("share"), one["method"]) == key]
        what = f"{images} images" if images else f"{100 * share:g} %"
        fine = [one for one in own if "why" not in one]
        figures = (
            [
                f(one[score] for one in fine)
                for score in ("accuracy", "mean_iou")
                for f in (lambda v: np.mean([*v]), min)
            ]
            if fine
            else []
        )
        cells = " | ".join(f"{figure:.3f}" for figure in figures)
        print(f"| {name} | {what} | {METHODS[method]} | {len(fine)} of {len(own)} | {cells} |")


def main(what: str, file: str, name: str, *given: str) -> None:
    seconds = float(given[0]) if given else SECONDS
    number = int(given[1]) if given[1:] else {"images": DRAWS, "strokes": STROKES}[what]
    with tempfile.TemporaryDirectory() as folder:
        jobs = draws(name, number) if what == "images" else sparse(name, number, Path(folder))
        measure(Path(file), name, jobs, seconds)


if __name__ == "__main__":
    torch.set_num_threads(1)
    dask.config.set(scheduler="synchronous")
    table(Path(sys.argv[2])) if sys.argv[1] == "table" else main(*sys.argv[1:])
