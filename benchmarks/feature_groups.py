"""What each group of features gains: mean IoU on held-out training images with and without it, and its seconds.

python benchmarks/feature_groups.py [SET ...]

The graphs are made once, with all features; a small network is then trained on some of the columns at a time. The
images that the other scripts score are not touched.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np
import torch
from annotated_sets import SETS
from hesc_phase import TRAINING_TILES
from microscopy import pairs_of

import terrazzo as tz
from terrazzo.regions.statistics.features import (
    AREA,
    DECILES,
    DEFAULT_FEATURES,
    INTENSITY,
    POSITION,
    SHAPE,
    TEXTURE,
    FeatureSet,
    scale_space,
)
from terrazzo.regions.statistics.statistic import Regions, Statistic
from terrazzo.training.rules.splits import Split, split_nodes

SIZE = 8
SIDE = 512  # larger images are cut to their first corner
EVERY = {"hesc-phase": 2, "bbbc039": 2, "vnc-sstem": 2}  # of the larger sets' training images
SEEDS = 2  # of the split, the first weights and the order of batches
MORE_SEEDS = 3  # for the default and what could be added to it
NETWORK, TRAINING = tz.GNNSettings(width=32), tz.GNNTraining(steps=300, backend="torch")

SCALES = tuple(scale_space(sigma) for sigma in (1, 2, 4, 8, 16, 32))
PARTS = (AREA, INTENSITY, DECILES, *SCALES, SHAPE, TEXTURE)
ALL: FeatureSet = (*PARTS, POSITION)
Graphs = list[tz.RegionGraph]
Targets = list[tz.NodeTargets]


def feature_sets() -> dict[str, FeatureSet]:
    """Return, by name, the features to train on."""
    sets = {"default": DEFAULT_FEATURES, "all": PARTS, "all + position": ALL, "intensity": (INTENSITY,)}
    sets |= {f"all - {part.name}": tuple(o for o in PARTS if o is not part) for part in PARTS}
    sets |= {f"default - {part.name}": tuple(o for o in DEFAULT_FEATURES if o is not part) for part in DEFAULT_FEATURES}
    sets |= {f"default + {part.name}": (*DEFAULT_FEATURES, part) for part in PARTS if part not in DEFAULT_FEATURES}
    return sets | {f"intensity + {part.name}": (INTENSITY, part) for part in ALL if part is not INTENSITY}


def training_images(name: str) -> tuple[int, list]:
    """Return the number of classes of a set, and the pairs of it that are fitted on."""
    pairs = pairs_of(name)
    if name == "hesc-phase":
        classes, train = 2, [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))[:TRAINING_TILES]]
    else:
        class_names, split, _ = SETS[name]
        classes, train = len(class_names), split(pairs)[0]
    return classes, train[:: EVERY.get(name, 1)]


def graphs_of(name: str) -> tuple[Graphs, Targets]:
    """Return the graphs of a set's training images, with all features, and their targets."""
    classes, pairs = training_images(name)
    corner = (..., slice(SIDE), slice(SIDE))
    made = []
    for path, annotation in pairs:
        image, plane = tz.open_image(path).data[corner], tz.open_labels(annotation).plane[corner]
        recipe = tz.Recipe(len(image), tz.SuperpixelParameters((SIZE, SIZE)), ALL)
        made.append(tz.annotated_graph(image, plane, recipe=recipe, classes=classes).compute())
    return [graph for graph, _ in made], [targets for _, targets in made]


def with_features(graph: tz.RegionGraph, recipe: tz.Recipe) -> tz.RegionGraph:
    """Return the graph with the columns of some of its features only."""
    kept = [graph.node_columns.index(column) for column in recipe.node_columns]
    return replace(graph, node_features=graph.node_features[:, kept], node_columns=recipe.node_columns)


def mean_iou(model: tz.Model, graphs: Graphs, targets: Targets, split: Split) -> float:
    """Return the mean IoU over the annotated pixels of all validation nodes."""
    confusion = np.zeros((targets[0].number_of_classes,) * 2)
    for graph, counted, rows in zip(graphs, targets, split.validation, strict=True):
        np.add.at(confusion, model.class_probabilities(graph).argmax(axis=1)[rows], counted.counts[rows])
    hit = np.diag(confusion)
    return float(np.mean(hit / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1) - hit, 1)))


def compare(name: str) -> None:
    """Train on each feature set with each seed and print a line of JSON for each of the former."""
    graphs, targets = graphs_of(name)
    splits = [split_nodes(graphs, targets, seed=seed) for seed in range(MORE_SEEDS)]
    for title, features in feature_sets().items():
        recipe = tz.Recipe(len(graphs[0].edge_columns) - 1, tz.SuperpixelParameters((SIZE, SIZE)), features)
        chosen = [with_features(graph, recipe) for graph in graphs]
        seeds = MORE_SEEDS if title == "default" or title.startswith("default +") else SEEDS
        found = []
        for seed, split in enumerate(splits[:seeds]):
            training = replace(TRAINING, seed=seed, split=split)
            model = tz.fit_gnn(chosen, targets, recipe=recipe, network=NETWORK, training=training)
            found.append(round(mean_iou(model, chosen, targets, split), 4))
        print(json.dumps({"set": name, "features": title, "mean_iou": found}), flush=True)


def seconds_per_megapixel(statistic: Statistic, side: int = 1024, runs: int = 5) -> float:
    """Return the least processor time of some runs on noise in squares of 16 pixels, for one channel."""
    image = np.random.default_rng(0).random((side, side), np.float32)
    rows, columns = np.indices(image.shape) // 16
    index = (rows * (side // 16) + columns).astype(np.int32)
    regions = Regions(image, index, np.bincount(index.ravel()), (0, 0))
    statistic.compute(regions)
    times = []
    for _ in range(runs):
        began = time.process_time()
        statistic.compute(regions)
        times.append(time.process_time() - began)
    return min(times) / (side / 1000) ** 2


def main() -> None:
    torch.set_num_threads(1)
    seconds = {statistic.name: round(seconds_per_megapixel(statistic), 4) for statistic in ALL}
    print(json.dumps({"seconds_per_megapixel": seconds}), flush=True)
    for name in sys.argv[1:] or ("hesc-phase", *SETS):
        compare(name)


if __name__ == "__main__":
    main()
