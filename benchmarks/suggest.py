"""Does it help to draw where it is suggested? An annotator who knows the truth, round after round, on real images.

python benchmarks/suggest.py [SET] [ROUNDS] [STROKES] [SEED]
python benchmarks/suggest.py picture OUTPUT.png FILE...

SET is axon-sem, bbbc039, drosophila-ovary or vnc-sstem. Places are drawn where the network of a project suggests them,
at random, and where that network is wrong on most pixels, which nobody knows who has to draw. After each round that
network and a random forest that is fitted on the same strokes are scored on images that are no part of the project.
FILE holds what was printed.
"""

from __future__ import annotations

import copy
import json
import shutil
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

COLOURS = {"suggested": "#0072b2", "random": "#999999", "largest error": "#d55e00"}

Where = tuple[str, int, int]


class Annotator:
    """Draws the truth of small squares on the images of a project."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        self.class_names, split, size = SETS[name]
        train, self.scored = split(pairs_of(name))
        self.truth = {image.stem: tz.open_labels(label).plane.compute() for image, label in train}
        self.images = {image.stem: image for image, _ in train}
        files = [folder / "annotations" / f"{stem}.npy" for stem in self.truth]
        self.drawn = {stem: np.full(truth.shape, NOT_ANNOTATED, np.uint8) for stem, truth in self.truth.items()}
        self.study = tz.Project.begin(folder, size=size, classes=self.class_names)
        self.study.add([image for image, _ in train], annotations=files)
        self.study.measure()
        (folder / "annotations").mkdir(exist_ok=True)
        self.rng = np.random.default_rng(seed)

    def again(self, folder: Path) -> Annotator:
        """One who goes on from here elsewhere."""
        other = copy.copy(self)
        other.drawn, other.rng = copy.deepcopy((self.drawn, self.rng))
        other.study = tz.Project(Path(shutil.copytree(self.study.folder, folder)))
        return other

    def draw(self, places: list[Where]) -> None:
        """Draw the truth at the middles of places; only what has been drawn on is saved."""
        for stem, y, x in places:
            square = tuple(slice(max(0, middle - SIDE // 2), middle + SIDE // 2) for middle in (y, x))
            self.drawn[stem][square] = self.truth[stem][square]
        for stem in {stem for stem, _, _ in places}:
            np.save(self.study.folder / "annotations" / f"{stem}.npy", self.drawn[stem])

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

    def score(self, model: tz.FittedModel) -> float:
        """The mean IoU on images that are no part of the project."""
        total = None
        with tempfile.TemporaryDirectory() as folder:
            for image, annotation in self.scored:
                result = tz.write_prediction(model, tz.open_image(image), Path(folder) / f"{image.stem}.zarr")
                scores = tz.score(result, tz.open_labels(annotation))
                total = scores if total is None else total + scores
        return round(total.mean_iou, 4)

    def scores(self) -> tuple[float, float]:
        """Fit the network and a forest; what they score."""
        return self.score(self.study.fit()), self.score(self.forest())

    def forest(self) -> tz.FittedModel:
        """A random forest, fitted on what is drawn."""
        drawn = [stem for stem, values in self.drawn.items() if (values != NOT_ANNOTATED).any()]
        images = [tz.open_image(self.images[stem]) for stem in drawn]
        return tz.fit_forest(images, [self.drawn[stem] for stem in drawn], class_names=self.class_names)


def squares(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    rows, columns = (range(0, length - SIDE + 1, SIDE) for length in shape)
    return ((top, left) for top in rows for left in columns)


def main(name: str = "axon-sem", rounds: int = ROUNDS, strokes: int = STROKES, seed: int = 0) -> None:
    ways: dict[str, Callable[[Annotator, int], list[Where]]] = {
        "suggested": Annotator.suggested,
        "random": Annotator.random,
        "largest error": Annotator.largest_error,
    }
    with tempfile.TemporaryDirectory() as folder:
        first = Annotator(Path(folder) / "first", name, seed)
        # all begin alike
        first.draw(first.random(strokes))
        begun = first.scores()
        for way, choose in ways.items():
            annotator, curves = first.again(Path(folder) / way), [begun]
            for _ in range(1, rounds):
                annotator.draw(choose(annotator, strokes))
                curves.append(annotator.scores())
            network, forest = zip(*curves, strict=True)
            drawn = [strokes * (number + 1) for number in range(rounds)]
            found = {"set": name, "way": way, "drawn": drawn, "seed": seed, "network": network, "forest": forest}
            print(json.dumps(found), flush=True)


def picture(output: Path, files: list[Path]) -> None:
    """Draw the curves of what was printed, a panel for each set."""
    from matplotlib.figure import Figure

    curves = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    names = list(dict.fromkeys(curve["set"] for curve in curves))
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    for axes, name in zip(figure.subplots(2, 2).flat, names, strict=False):
        for curve in (one for one in curves if one["set"] == name):
            colour = COLOURS[curve["way"]]
            axes.plot(curve["drawn"], curve["network"], color=colour, label=curve["way"])
            axes.plot(curve["drawn"], curve["forest"], color=colour, linestyle=":", label=f"{curve['way']}, forest")
        axes.set_title(name)
        axes.grid(alpha=0.3)
        axes.set_xlabel("squares drawn")
        axes.set_ylabel("mean IoU")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    if sys.argv[1:2] == ["picture"]:
        picture(Path(sys.argv[2]), [Path(file) for file in sys.argv[3:]])
    else:
        main(*sys.argv[1:2], *map(int, sys.argv[2:]))
