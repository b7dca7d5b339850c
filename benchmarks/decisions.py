"""What prediction costs by stage: a lattice network whose pixels decide, one whose superpixels do, and a U-Net.

python benchmarks/decisions.py SET [STEPS]

SET and what is fitted and tested on are those of `pace.py`; superpixels are of 8 px. Core-seconds per megapixel of the
images for testing, from the runs' own ledgers: medians of rounds in which the models follow each other, on one thread.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

import dask
import torch
from pace import fitted_by, score, sides

import terrazzo as tz

STEPS, ROUNDS, NAMED = 400, 3, 0.001
MODELS = {"pixels": ("lattice", {}), "superpixels": ("lattice", {"decision": "region"}), "U-Net": ("unet", {})}
WHOLE = "all threads"


def main(name: str, steps: int = STEPS) -> None:
    torch.set_num_threads(1)
    dask.config.set(scheduler="synchronous")
    train, validation, tests = sides(name)
    images, annotations = [tz.open_image(one) for one, _ in train], [tz.open_labels(one) for _, one in train]
    report = {"set": name, "steps": steps}
    models = {}
    for called, (method, given) in MODELS.items():
        models[called] = fitted_by(method, steps, {"validation": validation, **given}, images, annotations)
        report[called] = score(models[called], tests, 1.0, 0.0)
    taken = {called: list[dict[str, float]]() for called in models}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):  # the first compiles
            for called, model in models.items():
                runs = [
                    stages_of(model, image, Path(folder) / f"{called}-{number}-{image.stem}.zarr") for image, _ in tests
                ]
                taken[called].append({stage: sum(run.get(stage, 0.0) for run in runs) for run in runs for stage in run})
    megapixels = sum(tz.open_image(image).extent[-2] * tz.open_image(image).extent[-1] for image, _ in tests) / 1e6
    for called, rounds in taken.items():
        medians = {
            stage: round(statistics.median(one[stage] for one in rounds[1:]) / megapixels, 4) for stage in rounds[0]
        }
        ordered = sorted(medians.items(), key=lambda stage: -stage[1])
        report[called] |= {stage: seconds for stage, seconds in ordered if seconds >= NAMED}
    report["pixels to superpixels"] = round(report["pixels"][WHOLE] / report["superpixels"][WHOLE], 2)
    report["U-Net to pixels"] = round(report["U-Net"][WHOLE] / report["pixels"][WHOLE], 2)
    print(json.dumps(report, indent=1))


def stages_of(model: tz.FittedModel, image: Path, place: Path) -> dict[str, float]:
    """Return the core-seconds of all passes over an image, stage by stage, and of their threads in all."""
    run = tz.write_prediction(model, tz.open_image(image), place, device="cpu").run
    found = {WHOLE: 0.0}
    for entry in run["ledger"].values():
        found[WHOLE] += entry["core_seconds"]
        for stage, spent in entry["stages"].items():
            found[stage] = found.get(stage, 0.0) + spent["core_seconds"]
    return found


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
