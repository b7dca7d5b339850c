"""Accuracy and mean IoU against core-seconds of training: lattice network, U-Net and random forest, on one core.

python benchmarks/curve.py measure FILE SET [SECONDS ...]
python benchmarks/curve.py picture FILE PICTURE

Sets and their sides are those of `pace.py`. Each figure is a fit of its own from nothing, which knows how long it may
take; it is a line of FILE, and what is there already is not measured again. Give the process one core.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import dask
import torch
from microscopy import Pair
from pace import score, sides

import terrazzo as tz

SECONDS = (15, 30, 60, 120, 300)
METHODS = {"lattice": "lattice network", "unet": "U-Net, 16 channels", "forest": "random forest"}
MANY = 1000
"""Epochs that no limit of seconds here allows."""


def fitted(
    method: str, train: list[Pair], seconds: float, class_names: tuple[str, ...] | None = None, **given: object
) -> tuple[tz.FittedModel, float]:
    """Return a model that was fitted for so many seconds, all that comes before it among them, and its core-seconds."""
    began, given = time.process_time(), {"seconds": seconds, **given}
    images, annotations = [tz.open_image(one) for one, _ in train], [tz.open_labels(one) for _, one in train]
    named = {"images": images, "annotations": annotations, "class_names": class_names}
    if method == "forest":
        model = tz.fit_forest(**named, training=tz.ForestTraining(**given))
    elif method == "unet":
        model = tz.fit_unet(**named, training=tz.UNetTraining(device="cpu", epochs=MANY, **given))
    else:
        training = tz.LatticeTraining(device="cpu", epochs=MANY, **given)
        model = tz.fit(**named, size=8, training=training)
    return model, time.process_time() - began


def measure(file: Path, name: str, limits: tuple[float, ...]) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    done = {(line["set"], line["method"], line["seconds"]) for line in lines}
    train, validation, tests = sides(name)
    for seconds in limits:
        for method in METHODS:
            if (name, method, seconds) in done:
                continue
            model, taken = fitted(method, train, seconds, validation=validation)
            line = {"set": name, "method": method, "seconds": seconds, "core_seconds": round(taken, 1)}
            line |= {"steps": model.fitted.get("steps"), **score(model, tests, 1, 0)}
            with file.open("a") as lines_of:
                print(json.dumps(line), file=lines_of)
            print(json.dumps(line), flush=True)


def picture(file: Path, output: Path) -> None:
    """Draw mean IoU against core-seconds, a panel for each set."""
    from matplotlib import pyplot

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    names = list(dict.fromkeys(line["set"] for line in lines))
    figure, axes = pyplot.subplots(1, len(names), figsize=(4.6 * len(names), 3.4), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        for method, title in METHODS.items():
            own = sorted(
                (line["core_seconds"], line["mean_iou"])
                for line in lines
                if (line["set"], line["method"]) == (name, method)
            )
            axis.plot(*zip(*own, strict=True), marker="o", label=title)
        axis.set(title=name, xscale="log", xlabel="core-seconds of training", ylabel="mean IoU")
        ticks = [*SECONDS]
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    torch.set_num_threads(1)
    dask.config.set(scheduler="synchronous")
    if sys.argv[1] == "picture":
        picture(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        measure(Path(sys.argv[2]), sys.argv[3], tuple(map(float, sys.argv[4:])) or SECONDS)
