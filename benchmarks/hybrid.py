"""The serial sections of vnc-sstem as one volume: U-Nets in two dimensions, in three and in between, at equal seconds.

Sections 0 to 8 are annotated for the fit and 11 to 13 for the score; two between are annotated for neither, as in
`volume.py`. Each line is one fit: the network, with or without a random field at its end, and the loss.

python benchmarks/hybrid.py [SECONDS [NAME...]]

NAME is sections, mixed, hybrid, volume or lattice, with "+crf" (within sections), "+crf3" (across sections too),
"+dice", "+lovasz" or "+boundary" after it, as in hybrid+crf+dice; by default all of RUNS.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from volume import fitted_and_scored, write_volumes

import terrazzo as tz

APART, KEPT = (1, 3, 3), (1, 2, 2)
NETWORKS: dict[str, dict[str, Any]] = {
    "sections": {"kernels": [APART], "pools": [KEPT]},
    "mixed": {"kernels": [[APART, (3, 3, 3)]], "pools": [KEPT]},
    "hybrid": {"kernels": [APART], "pools": [KEPT], "pyramid": 16},
    "volume": {"kernels": 3, "pools": [KEPT]},
}
ADDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "crf": ({"crf": 3, "crf_radius": 3}, {}),
    "crf3": ({"crf": 3, "crf_radius": (1, 2, 2)}, {}),
    "dice": ({}, {"loss": "dice"}),
    "lovasz": ({}, {"loss": "lovasz"}),
    "boundary": ({}, {"boundary": 3.0, "boundary_width": 4.0}),
}
RUNS = (
    *("sections", "mixed", "hybrid", "volume", "sections+crf", "hybrid+crf", "hybrid+crf3", "sections+dice"),
    *("sections+lovasz", "sections+boundary", "hybrid+dice", "hybrid+lovasz", "hybrid+boundary"),
)
BASE, DEPTH, PATCH, BATCH = 16, 3, (4, 128, 128), 2


def main(seconds: float, names: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        volumes = write_volumes(Path(folder))
        for name in names:
            model, _, scores, figures = fitted_and_scored(volumes, Path(folder), way_of(name, seconds))
            more = {
                "adjusted_rand": round(scores.adjusted_rand, 4),
                "multiply_adds_per_pixel": model.described().get("multiply_adds_per_pixel"),
            }
            print(json.dumps({"name": name, "seconds": seconds, **figures, **more}), flush=True)


def way_of(name: str, seconds: float) -> Callable[..., Any]:
    """Return what fits a model of that name on images and annotations."""
    kind, *added = name.split("+")
    network, training = dict(NETWORKS.get(kind, {})), {"seconds": seconds}
    for one in added:
        network |= ADDED[one][0]
        training |= ADDED[one][1]
    if kind == "lattice":
        return partial(tz.fit, size=(2, 8, 8), training=tz.LatticeTraining(**training))
    shape = tz.UNetSettings(base=BASE, depth=DEPTH, **network)
    return partial(tz.fit_unet, network=shape, training=tz.UNetTraining(patch=PATCH, batch=BATCH, **training))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0, tuple(sys.argv[2:]) or RUNS)
