"""A fit that streams tables from disk beside one that holds them: accuracy on real tiles, peak memory by size.

python benchmarks/streaming.py accuracy [TILES]
python benchmarks/streaming.py memory SIZE SIDE ...
python benchmarks/streaming.py unet SIDE ...        the same of a U-Net, which reads patches
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from microscopy import fit_and_score, pairs_of

import terrazzo as tz
from terrazzo.comparison.resources import peak_memory
from terrazzo.synthetic import CLASS_NAMES, colony_image


def accuracy(tiles: int = 30) -> None:
    """Phase-contrast tiles cut into four blocks each, so that windows lie across blocks."""
    pairs = pairs_of("hesc-phase")
    order = np.random.default_rng(0).permutation(len(pairs))
    train, test = ([pairs[i] for i in some] for some in (order[:tiles], order[tiles : tiles + 20]))
    for streaming in (False, True):
        training = tz.LatticeTraining(steps=500, block=128, streaming=streaming)
        report = fit_and_score(train, test, ("background", "colony"), 4, tz.LatticeSettings(), training)
        print(json.dumps({"streaming": streaming, **report}), flush=True)


def memory(size: int, *sides: int) -> None:
    """A synthetic image that is annotated everywhere, fitted in a process of its own."""
    for side in sides:
        with tempfile.TemporaryDirectory() as folder:
            write_image(Path(folder), side)
            for streaming in ("false", "true"):
                print(json.dumps({"size": size, "side": side, **apart("one", folder, streaming, size)}), flush=True)


def unet(*sides: int) -> None:
    """The same image, and a U-Net fitted for one epoch in a process of its own."""
    for side in sides:
        with tempfile.TemporaryDirectory() as folder:
            write_image(Path(folder), side)
            print(json.dumps({"side": side, **apart("one-unet", folder)}), flush=True)


def write_image(folder: Path, side: int) -> None:
    for name, array in zip(("image", "truth"), colony_image((side, side), chunks=1024), strict=True):
        tz.write_ome_zarr(folder / f"{name}.zarr", array, axes="yx")


def apart(*arguments: object) -> dict:
    line = [sys.executable, __file__, *map(str, arguments)]
    done: dict = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return done


def one_unet(folder: str) -> None:
    image, truth = tz.open_image(Path(folder) / "image.zarr"), tz.open_labels(Path(folder) / "truth.zarr")
    began = time.perf_counter()
    tz.fit_unet([image], [truth], class_names=CLASS_NAMES, training=tz.UNetTraining(epochs=1, device="cpu"))
    print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "peak_memory_mib": peak_memory() >> 20}))


def one(folder: str, streaming: str, size: str) -> None:
    image, truth = tz.open_image(Path(folder) / "image.zarr"), tz.open_labels(Path(folder) / "truth.zarr")
    epochs: list = []
    graphs: list = []
    training = tz.LatticeTraining(epochs=2, device="cpu", streaming=streaming == "true", scratch=folder)
    began = time.perf_counter()

    def listen(step: tz.Step) -> None:
        if step.name == "graphs":
            graphs.append(time.perf_counter() - began)
        else:
            epochs.append(step.detail)

    with tz.on_progress(listen):
        model = tz.fit(
            [image],
            [truth],
            size=int(size),
            class_names=CLASS_NAMES,
            network=tz.LatticeSettings(width=32),
            training=training,
        )
    report = {
        "streaming": streaming == "true",
        "validation_accuracy": round(model.fitted["validation_accuracy"], 4),
        "seconds_of_the_graph": round(graphs[0], 1),
        "seconds_per_epoch": round(epochs[-1].seconds / len(epochs), 1),
        "cpu_seconds": round(time.process_time(), 1),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_memory_mib": peak_memory() >> 20,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "accuracy":
        accuracy(*map(int, arguments))
    elif what in ("memory", "unet"):
        {"memory": memory, "unet": unet}[what](*map(int, arguments))
    elif what == "one-unet":
        one_unet(*arguments)
    else:
        one(*arguments)
