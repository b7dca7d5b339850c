"""The best of N random trees at equal seconds, beside the default U-Net and the original one, on one split.

python benchmarks/search.py SET [TRIALS] [SECONDS] [WORKERS] [FOLDER]
python benchmarks/search.py workers SET [TRIALS] [STEPS]

SET is vnc-sstem (in sections), vnc-sstem-volume, axon-sem or hesc-phase. Trees are drawn, not improved, none is
stopped early, and each trains on one thread, as the two U-Nets do; the original one has ten times as long as well, on
the volume thirty times, where it takes half an hour to learn and as long again to predict. With a FOLDER it goes
on where it stopped. `workers` tries the same lattice networks with one worker on one core and with two on two: how much
sooner two are done, and the share of their time that processes of trials ran.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from microscopy import pairs_of
from volume import write_volumes

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.comparison.reporting.report import scores_of
from terrazzo.comparison.runner import run_apart

VNC = ("membrane", "glia", "mitochondrion", "synapse", "intracellular")
FIGURES = ("mean_iou", "adjusted_rand", "accuracy")
DEFAULT: dict[str, Any] = {}
ORIGINAL = {"base": 64}
Yardstick = tuple[dict[str, Any], float]
YARDSTICKS: dict[str, Yardstick] = {"default": (DEFAULT, 1), "original": (ORIGINAL, 1)}
# in a trial's seconds they may not come to 40 steps
LONGER: dict[str, Yardstick] = {"original, ten times as long": (ORIGINAL, 10)}
LONGER_ON_VOLUMES: dict[str, Yardstick] = {
    "default, twice as long": (DEFAULT, 2),
    "original, thirty times as long": (ORIGINAL, 30),
}


@dataclass(frozen=True)
class Set:
    """A set, and what of it is on one side only."""

    name: str
    class_names: tuple[str, ...]
    group: str | None = None


def sections(stem: str) -> str:
    """Return the group of a section: four that lie together, with one between two groups on neither side."""
    number = int(re.findall(r"\d+", stem)[-1])
    return "" if number % 5 == 4 else f"sections {number // 5}"


SETS = {
    "vnc-sstem": Set("vnc-sstem", VNC, "sections"),
    "vnc-sstem-volume": Set("vnc-sstem", VNC, None),
    "axon-sem": Set("axon-sem", ("background", "myelin", "axon"), "(sub-rat[0-9]+)"),
    "hesc-phase": Set("hesc-phase", ("background", "colony")),
}


def opened(name: str, folder: Path) -> tuple[list[Any], list[Any], tz.Splitting]:
    """Return images, annotations and how they are split."""
    if name == "vnc-sstem-volume":
        if not (folder / "image.ome.zarr").exists():
            write_volumes(folder, whole=True)
        image, annotation = tz.open_image(folder / "image.ome.zarr"), tz.open_labels(folder / "whole.ome.zarr")
        return [image], [annotation], tz.Splitting(by="region", gap=32)
    pairs, group = pairs_of(SETS[name].name), SETS[name].group
    images = [tz.open_image(image) for image, _ in pairs]
    annotations = [tz.open_labels(annotation) for _, annotation in pairs]
    if group is None:
        return images, annotations, tz.Splitting()
    groups = {image.stem: sections(image.stem) for image, _ in pairs} if group == "sections" else group
    return images, annotations, tz.Splitting(by="group", groups=groups)


def yardstick(study: Path, settings: dict[str, Any], times: float, where: str) -> dict[str, Any]:
    """Return what a U-Net of these settings comes to that learns from what the trees do, so many times as long."""
    trial, _ = jobs(study)
    folder = study / "yardsticks" / where
    assignment = trial["assignment"] | {"settings": settings, "seconds": times * trial["assignment"]["seconds"]}
    fitted = run_apart({"stage": "fit", "method": "unet", "assignment": assignment}, folder / "fit")
    if "error" in fitted:
        return fitted
    found = {"seconds": fitted["resources"]["seconds"], "steps": fitted["fitted"]["steps"]}
    return found | scored(study, folder / "fit" / "model.safetensors", folder)


def ensemble(study: Path) -> dict[str, Any]:
    """Return what the best together come to, chosen by the validation side of the best."""
    sources, folder = jobs(study)[0]["sources"], study / "ensemble"
    folder.mkdir(exist_ok=True)
    models = [tz.open_model(path) for path in sorted(study.glob("best/*.safetensors"))]
    images = [tz.open_image(one["image"]["path"]) for one in sources]
    annotations = [tz.open_labels(one["annotation"]["path"]) for one in sources]
    chosen = tz.choose_ensemble(models, images, annotations, device="cpu")
    return dict(chosen.fitted) | {
        side: predicted_here(chosen, job["sources"], folder / side)
        for side, job in zip(("validation", "test"), jobs(study), strict=True)
    }


def predicted_here(model: tz.FittedModel, sources: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    """Return the figures of a model on some sources."""
    parts = []
    for one in sources:
        image, place = tz.open_image(one["image"]["path"]), folder / f"{one['name']}.zarr"
        result = tz.write_prediction(model, image, place, overwrite=True)
        parts.append(tz.score(result, tz.open_labels(one["annotation"]["path"])))
    summary = reduce(add, parts).summary(model.class_names)
    return {figure: summary[figure] for figure in FIGURES}


def jobs(study: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a trial was told, whose sources are those of validation, and what a test was."""
    first = (next(iter(sorted(study.glob(f"{what}/*/job.json")))) for what in ("trials", "test"))
    trial, tested = (json.loads(path.read_text()) for path in first)
    return trial, tested


def scored(study: Path, model: Path, folder: Path) -> dict[str, Any]:
    """Return the figures of a model on both sides."""
    trial, tested = jobs(study)
    found: dict[str, Any] = {}
    for side, sources in (("validation", trial["sources"]), ("test", tested["sources"])):
        outcome = run_apart(tested | {"method": "unet", "model": str(model), "sources": sources}, folder / side)
        if "error" in outcome:
            return outcome
        scores = reduce(add, map(scores_of, outcome["images"])).summary(trial["class_names"])
        found[side] = {figure: scores[figure] for figure in FIGURES}
    return found


def busy(study: Path) -> float:
    """Return the seconds that processes of trials ran, those of trials that failed among them."""
    return sum(ended - began for began, ended in spans(study))


def spans(study: Path) -> list[tuple[float, float]]:
    """Return when the process of each trial was told what to do, and when it had done it."""
    ended = [path for path in study.glob("trials/*/outcome.json") if path.with_name("job.json").exists()]
    return [(path.with_name("job.json").stat().st_mtime, path.stat().st_mtime) for path in ended]


def main(name: str, trials: int, seconds: float, workers: int, folder: Path) -> None:
    """Search, fit the yardsticks, and print one JSON document."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of the yardsticks' processes: trees have one thread as well
    images, annotations, split = opened(name, folder)
    searching = tz.Searching(trials=trials, random=trials, seconds=seconds, prune=False)
    began, resumed = time.perf_counter(), (folder / "study").exists()
    with cluster_client(workers=workers) as client, tz.ProgressBar():
        study = tz.search(
            images,
            annotations,
            folder / "study",
            class_names=SETS[name].class_names,
            split=split,
            searching=searching,
            client=client,
        )
    took = time.perf_counter() - began
    others = YARDSTICKS | (LONGER_ON_VOLUMES if name == "vnc-sstem-volume" else LONGER)
    beside = {where: yardstick(Path(study.path), *own, where) for where, own in others.items()}
    done = [one for one in study.report["trials"] if one["scores"]]
    found = {
        "set": name,
        "trials": trials,
        "complete": len(done),
        "seconds_each": seconds,
        "workers": workers,
        "search_seconds": None if resumed else round(took, 1),
        # what processes of trials took, beside what all workers had; of a search that went on nobody knows
        "busy": None if resumed else round(busy(Path(study.path)) / (took * workers), 4),
        "best": study.report["best"][0],
        "ensemble": ensemble(Path(study.path)),
        **beside,
        "better_than": {
            where: sum(one["scores"]["mean_iou"] > own["validation"]["mean_iou"] for one in done)
            for where, own in beside.items()
            if "error" not in own
        },
    }
    print(json.dumps(found))


def workers(name: str, trials: int, steps: int) -> None:
    """Search the same trees by one worker on a core and by two on two, and print what both took."""
    found: dict[str, Any] = {"set": name, "trials": trials, "steps": steps}
    cores = sorted(os.sched_getaffinity(0))
    for number in (1, 2):
        line = [sys.executable, __file__, "so many", name, *map(str, (trials, steps, number))]
        free = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores[:number])  # what it starts has the same
        try:
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
        finally:
            os.sched_setaffinity(0, free)
        found[f"{number} workers"] = json.loads(done.stdout.splitlines()[-1])
    found["times_as_fast"] = round(found["1 workers"]["seconds"] / found["2 workers"]["seconds"], 3)
    print(json.dumps(found))


def so_many_workers(name: str, trials: int, steps: int, number: int) -> None:
    """Search trees of lattice networks by so many workers, and print what it took."""
    with tempfile.TemporaryDirectory() as scratch, cluster_client(workers=number) as client:
        images, annotations, split = opened(name, Path(scratch))
        study = tz.search(
            images,
            annotations,
            Path(scratch) / "study",
            class_names=SETS[name].class_names,
            space="lattice",
            split=split,
            searching=tz.Searching(trials=trials, random=trials, steps=steps, prune=False),
            client=client,
        )
        begun, ended = zip(*spans(Path(study.path)), strict=True)
        took = max(ended) - min(begun)
        found = {
            "seconds": round(took, 1),
            "busy": round(busy(Path(study.path)) / (took * number), 4),
            "mean_iou": [one["scores"]["mean_iou"] for one in study.report["trials"] if one["scores"]],
        }
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["workers"]:
        workers(sys.argv[2], *(map(int, sys.argv[3:5] or ("12", "100"))))
        sys.exit()
    if sys.argv[1:2] == ["so many"]:
        so_many_workers(sys.argv[2], *map(int, sys.argv[3:6]))
        sys.exit()
    given = sys.argv[1:]
    if not given or given[0] not in SETS:
        sys.exit(__doc__)
    numbers = int(given[1]) if len(given) > 1 else 40, float(given[2]) if len(given) > 2 else 120.0
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(given[4]) if len(given) > 4 else Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        main(given[0], *numbers, int(given[3]) if len(given) > 3 else 2, place)
