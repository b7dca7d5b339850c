"""From a changed annotation to new classes: a project of the 92 Mpx slide with 400 places drawn on, one more each time.

python benchmarks/interactive.py [FOLDER]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from microscopy import data_folder
from slide import RADIUS, SPOTS, rule

import terrazzo as tz
from terrazzo.napari.work import LIVE_STEPS, leaving_a_core
from terrazzo.project.fit_graphs import training_of

ROUNDS = 3
SCREEN = (1080, 1920)
NAMES = {0: "glass", 1: "tissue"}


def main() -> None:
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given[0] if given else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        image = folder / "slide.ome.zarr"
        if not image.exists():
            source = tz.open_image(next((data_folder("breast-he-slide") / "images").glob("*.jpg")))
            tz.write_ome_zarr(image, source.data)
        drawn = places(tz.open_image(image), SPOTS + 2 * ROUNDS)
        study = tz.Project.begin(folder / "study", [image], size=16)
        found: dict[str, Any] = {"measure": timed(study.measure), "rounds": [], "live": []}
        write(study, drawn[:SPOTS])
        found["first_fit"] = timed(study.fit)
        middle = tuple(length // 2 for length in tz.open_image(image).extent)
        screen = tuple(slice(m - side // 2, m + side // 2) for m, side in zip(middle, SCREEN, strict=True))
        for number in range(ROUNDS):
            write(study, drawn[: SPOTS + number + 1])
            fit, shown = timed(study.fit), timed(lambda: study.window("slide", screen))
            found["rounds"].append({"fit": fit, "window": shown, "scores": study.models[-1].scores})
        live = training_of(anew=False, steps=LIVE_STEPS)
        for number in range(ROUNDS):
            write(study, drawn[: SPOTS + ROUNDS + number + 1])
            with leaving_a_core():
                fit, shown = timed(lambda: study.fit(training=live)), timed(lambda: study.window("slide", screen))
            found["live"].append({"fit": fit, "window": shown})
        found["predict"] = timed(study.predict)
        found["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(found, indent=1))


def places(image: tz.Image, number: int) -> list[dict[str, Any]]:
    """Squares where the rule of `slide.py` is certain of one class, as GeoJSON."""
    rng, found = np.random.default_rng(0), list[dict[str, Any]]()
    while len(found) < number:
        y, x = (int(rng.integers(RADIUS, n - RADIUS)) for n in image.extent)
        top, left = y - RADIUS, x - RADIUS
        classes = rule(image.stored[:, top : top + 2 * RADIUS, left : left + 2 * RADIUS])
        share = {name: float((classes == value).mean()) for value, name in NAMES.items()}
        name = max(share, key=lambda one: share[one])
        if share[name] > 0.9:
            corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
            ring = [[left + 2 * RADIUS * a, top + 2 * RADIUS * b] for a, b in corners]
            geometry = {"type": "Polygon", "coordinates": [ring]}
            properties = {"classification": {"name": name}}
            found.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return found


def write(study: tz.Project, features: list[dict[str, Any]]) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": features})
    study.annotation_path("slide").write_text(text)


def timed(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return round(time.monotonic() - began, 2)


if __name__ == "__main__":
    main()
