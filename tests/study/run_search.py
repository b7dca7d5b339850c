"""Searches with a method that learns nothing, in a process that can be killed: a folder, and how many trials."""

import sys
from pathlib import Path

import numpy as np

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.study.methods import METHODS

NAMES = ("left", "right")


def pairs():
    """Four images, and where the second class begins in each."""
    classes = np.zeros((64, 64), np.uint8)
    classes[:, 32:] = 1
    return [np.full((64, 64), 50 * number, np.uint8) for number in range(4)], [classes] * 4


def space(width=(4, 20), dropout=(0.0, 0.0)):
    changed = (
        tz.Range("depth", 1, 1, whole=True),
        tz.Range("width", *width, deltas=(0.5,), log=True, whole=True),
        tz.Choice("dropout", sorted(set(dropout))),
    )
    return tz.default_space("unet", 2, *changed)


def search(folder, client=None, **settings):
    settings = {"trials": 4, "steps": 100, "prune": False, "keep": 2} | settings
    given = {"space": settings.pop("space", space()), "overwrite": settings.pop("overwrite", False)}
    options = tz.Searching(**settings)
    return tz.search(*pairs(), folder, class_names=NAMES, searching=options, client=client, **given)


def main(folder, trials):
    METHODS["unet"] = "study.stub_trees"
    with cluster_client(workers=2) as client:
        search(Path(folder), client, trials=int(trials))


if __name__ == "__main__":
    main(*sys.argv[1:])
