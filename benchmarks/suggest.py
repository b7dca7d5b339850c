"""Does it help to draw where it is suggested? An annotator who knows the truth, round after round, on real images.

python benchmarks/suggest.py [SET] [ROUNDS] [STROKES]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from annotated_sets import SETS
from microscopy import pairs_of

import terrazzo as tz
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

ROUNDS, STROKES = 10, 20
SIDE = 12
"""Pixels along the side of the square that is drawn at a place, of whatever classes it holds."""

Where = tuple[str, int, int]


class Annotator:
    """Draws the truth of small squares on the images of a project."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        class_names, split, size = SETS[name]
        train, self.scored = split(pairs_of(name))
        self.truth = {image.stem: tz.open_labels(label).plane.compute() for image, label in train}
        self.files = {stem: folder / "drawn" / f"{stem}.npy" for stem in self.truth}
        self.drawn = {stem: np.full(truth.shape, NOT_ANNOTATED, np.uint8) for stem, truth in self.truth.items()}
        self.study = tz.Project.begin(folder / "study", size=size, classes=class_names)
        self.study.add([image for image, _ in train], annotations=list(self.files.values()))
        self.study.measure()
        self.rng = np.random.default_rng(seed)
        (folder / "drawn").mkdir()

    def draw(self, places: list[Where]) -> None:
        """Draw the truth at the middles of places; only what has been drawn on is saved."""
        for stem, y, x in places:
            square = tuple(slice(max(0, middle - SIDE // 2), middle + SIDE // 2) for middle in (y, x))
            self.drawn[stem][square] = self.truth[stem][square]
        for stem in {stem for stem, _, _ in places}:
            np.save(self.files[stem], self.drawn[stem])

    def random(self, number: int) -> list[Where]:
        """Any places."""
        stems = self.rng.choice(sorted(self.truth), number)
        return [(str(stem), *(int(self.rng.integers(n)) for n in self.truth[str(stem)].shape)) for stem in stems]

    def suggested(self, number: int) -> list[Where]:
        """Those that `suggest` gives."""
        found = tz.suggest(self.study, number)
        return [(one.image, *((a + b) // 2 for a, b in zip(one.start, one.stop, strict=True))) for one in found]

    def largest_error(self, number: int) -> list[Where]:
        """Those with most pixels that are wrong, which nobody knows who has to draw."""
        ranked: list[tuple[int, Where]] = []
        for stem, truth in self.truth.items():
            wrong = self.study.window(stem, (slice(None), slice(None))) != truth
            wrong &= (truth != NOT_ANNOTATED) & (self.drawn[stem] == NOT_ANNOTATED)
            for top, left in squares(truth.shape):
                error = int(wrong[top : top + SIDE, left : left + SIDE].sum())
                ranked.append((-error, (stem, top + SIDE // 2, left + SIDE // 2)))
        return [where for _, where in sorted(ranked)[:number]]

    def score(self) -> float:
        """The mean IoU on images that are no part of the project."""
        model, total = self.study.fitted(), None
        with tempfile.TemporaryDirectory() as folder:
            for image, annotation in self.scored:
                result = tz.write_prediction(model, tz.open_image(image), Path(folder) / f"{image.stem}.zarr")
                scores = tz.score(result, tz.open_labels(annotation))
                total = scores if total is None else total + scores
        return round(total.mean_iou, 4)


def squares(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    rows, columns = (range(0, length - SIDE + 1, SIDE) for length in shape)
    return ((top, left) for top in rows for left in columns)


def main() -> None:
    name, rounds, strokes = (*sys.argv[1:], *("axon-sem", ROUNDS, STROKES)[len(sys.argv) - 1 :])
    ways: dict[str, Callable[[Annotator, int], list[Where]]] = {
        "suggested": Annotator.suggested,
        "random": Annotator.random,
        "largest error": Annotator.largest_error,
    }
    for way, choose in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            annotator, curve = Annotator(Path(folder), str(name), seed=0), []
            # all begin alike
            annotator.draw(annotator.random(int(strokes)))
            for done in range(int(rounds)):
                if done:
                    annotator.draw(choose(annotator, int(strokes)))
                annotator.study.fit()
                curve.append(annotator.score())
            print(json.dumps({"set": name, "way": way, "strokes": int(strokes), "mean_iou": curve}), flush=True)


if __name__ == "__main__":
    main()
