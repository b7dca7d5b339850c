"""Searches with a method that learns nothing, and clusters for them, in processes that can be killed."""

import multiprocessing
from pathlib import Path

import numpy as np
from distributed import Client

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


def search_on(address, folder, trials):
    """Search on a cluster; called in a process of its own."""
    METHODS["unet"] = "study.stub_trees"
    with Client(address, set_as_default=False) as client:
        search(folder, client, trials=trials)


def serve(told):
    """Be a local cluster of two workers, whose address is written into a file, until whoever began it ends."""
    with cluster_client(workers=2) as client:
        partial = Path(f"{told}.partial")
        partial.write_text(client.scheduler.address)
        partial.rename(told)
        multiprocessing.parent_process().join()
