"""Where the time goes: a block and a run, stage by stage, beside what the machine can do and beside other tools.

python benchmarks/bench.py [OUTPUT.json [SIDE]]

`make bench` runs it on 8192 x 8192 pixels: some minutes on two quiet cores; a smaller SIDE takes less.

Core-seconds are compared, since other work on the machine hardly changes them; rounds of the block, the floors and the
peers follow each other, so that whatever slows the machine slows all of them. `compare_runs.py` compares two outputs.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zarr
from processes import terrazzo
from scipy.ndimage import gaussian_filter
from skimage.graph import rag_mean_color
from skimage.measure import regionprops_table
from skimage.segmentation import slic

import terrazzo as tz
from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.cluster.worker_server import SETTINGS
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.io.results.new_result import create_result_of
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.ledger import TaskLedger
from terrazzo.models.passes.declared import Near
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK
from terrazzo.synthetic import CLASS_NAMES, colony_image

FITTED, STEPS, BLOCK, WORKERS, ROUNDS = 512, 60, 1024, 2, 3
PACKAGES = ("numpy", "numba", "torch", "zarr", "scikit-image", "scipy")
# what all threads of the process take in a task, those of zarr that decode and compress included
WHOLE = "all threads"
Timed = dict[str, Callable[[], object]]


def main(output: str = "", side: str = "8192") -> None:
    torch.set_num_threads(1)
    target = Path(output or f"bench/{datetime.datetime.now():%Y-%m-%dT%H-%M}.json")
    with tempfile.TemporaryDirectory() as folder:
        image, model = written(Path(folder), int(side))
        found = {"machine": machine(), "block": {}, "floors": {}, "peers": {}, "run": {}}
        found |= of_a_block(image, model, Path(folder))
        found["run"] = of_a_run(image, model, Path(folder))
    found["ratios"] = ratios(found)
    found["machine"]["load_at_the_end"] = os.getloadavg()[0]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def written(folder: Path, side: int) -> tuple[Path, Path]:
    """Write colonies in phase contrast, and a lattice network that was fitted on a few of them: always the same."""
    image, model = folder / "image.ome.zarr", folder / "model.safetensors"
    with cluster_client(workers=WORKERS):
        tz.write_ome_zarr(image, colony_image((side, side))[0], axes="yx")
    small, truth = colony_image((FITTED, FITTED))
    training = tz.LatticeTraining(steps=STEPS, patience=STEPS, device="cpu")
    tz.write_model(tz.fit([small], [truth], class_names=CLASS_NAMES, size=16, training=training), model)
    return image, model


def machine() -> dict[str, Any]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load_at_the_beginning": os.getloadavg()[0],
        "versions": {"terrazzo": tz.__version__} | {name: version(name) for name in PACKAGES},
    }


def of_a_block(image: Path, model: Path, folder: Path) -> dict[str, Any]:
    """Measure the middle block in this process, floors and peers, in rounds."""
    opened, fitted = tz.open_image(image), tz.open_model(model)
    grid, passes = fitted.grid(opened.extent, BLOCK), fitted.passes("cpu")
    writer = ResultWriter(create_result_of(fitted, passes, folder / "block.zarr", grid, made_from={}))
    sources = Sources(opened.stored, estimates={"intensity_scale": 20.0})
    block = grid[tuple(count // 2 for count in grid.shape)]
    (reach,) = (read.cells for read in passes[1].reads if isinstance(read, Near))
    for near in grid.neighbours(block, reach):
        write_pass(near, passes[0], sources, writer)
    timed = {"floors": floors(image, block, folder), "peers": peers(opened, block)}
    ledgers: dict[str, list[TaskLedger]] = {one.name: [] for one in passes}
    cores: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in some} for kind, some in timed.items()}
    for _ in range(ROUNDS + 1):  # the first compiles and makes pools
        for one in passes:
            for marker in writer.result.markers(one.name).iterdir():
                marker.unlink()
            ledgers[one.name].append(write_pass(block, one, sources, writer))
        for kind, some in timed.items():
            for name, function in some.items():
                began = time.process_time()
                function()
                cores[kind][name].append(time.process_time() - began)
    pixels = float(np.prod(block.core.shape)) / 1e6
    medians = {
        kind: {name: _rounded(statistics.median(taken[1:]) / pixels) for name, taken in some.items()}
        for kind, some in cores.items()
    }
    return {
        "block": {"megapixels": pixels, "per": "core-seconds per megapixel of the block"}
        | {name: _stages(some[1:], pixels) for name, some in ledgers.items()},
        **medians,
    }


def floors(image: Path, block: Block, folder: Path) -> Timed:
    """Return what the machine can do at most with the same pixels."""
    array = zarr.open_array(image, path="0", mode="r")
    window = block.core.grown(128, array.shape[-2:]).slices
    pixels, labels = np.asarray(array[(..., *window)]), np.zeros(block.core.shape, np.uint32)
    labels += np.arange(labels.size, dtype=np.uint32).reshape(labels.shape) // 256
    side = block.core.shape[0] // 4
    options = {"shape": labels.shape, "chunks": (side, side), "dtype": np.uint32, "overwrite": True}
    stored = zarr.create_array(folder / "floor.zarr", **options)
    rows, weights = torch.rand(16384, 64), torch.rand(64, 9 * 64)
    single = pixels.astype(np.float32)

    def write() -> None:
        stored[...] = labels

    return {
        "memory copy of the block's window in float32": single.copy,
        "zarr read of the block's window": lambda: array[(..., *window)],
        "zarr write of the block's labels": write,
        "zarr read of the block's labels": lambda: stored[...],
        "torch: 16384 x 64 x 576 product": lambda: rows @ weights,
    }


def peers(opened: Any, block: Block) -> Timed:
    """Return what other tools do with the block's pixels."""
    pixels = opened.stored[(0, *block.core.slices)].astype(np.float32)
    area = int(np.prod(block.lattice.size))
    options: dict[str, Any] = {"compactness": 5.0, "max_num_iter": 5, "channel_axis": None, "start_label": 1}
    labels = slic(pixels, n_segments=pixels.size // area, **options)
    responses = len(EIGEN_BANK.columns(1))
    channels = np.stack([pixels] * responses, axis=-1)
    named: Timed = {
        "scikit-image slic": lambda: slic(pixels, n_segments=pixels.size // area, **options),
        f"scikit-image regionprops_table, mean and deviation of {responses} responses": lambda: regionprops_table(
            labels, channels, properties=("label", "area", "centroid", "intensity_mean", "intensity_std")
        ),
        "scikit-image rag_mean_color": lambda: rag_mean_color(np.stack([pixels] * 3, axis=-1), labels),
        "scipy gaussian_filter, sigma 1, 2, 4, 8": lambda: [gaussian_filter(pixels, s) for s in (1, 2, 4, 8)],
    }
    if importlib.util.find_spec("cc3d"):
        cc3d = importlib.import_module("cc3d")
        named["cc3d connected_components"] = lambda: cc3d.connected_components(labels, connectivity=4)
    return named


def of_a_run(image: Path, model: Path, folder: Path) -> dict[str, Any]:
    """Run the command line on the whole image in processes of its own."""
    result = folder / "result.zarr"
    arguments = ("predict", image, "-m", model, "-o", result, "--workers", WORKERS, "--device", "cpu")
    figures = terrazzo(*arguments)
    megapixels = figures["pixels"] / 1e6
    ledger = json.loads((result / "run.json").read_text())["ledger"]
    core = sum(entry["core_seconds"] for entry in ledger.values())
    seconds = sum(entry["seconds"] for entry in ledger.values())
    return {
        "megapixels": megapixels,
        "workers": WORKERS,
        "wall_seconds": figures["wall_seconds"],
        "seconds_in_passes": round(seconds, 2),
        "core_seconds_of_workers": round(core, 2),
        "megapixels_per_core_second": _rounded(megapixels / core),
        "peak_pss_mib": figures["peak_pss_mib"],
        "ledger": ledger,
    }


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Return how many times another tool's core-seconds those of ours go into."""
    made, decided = (found["block"][name] for name in ("superpixels", "classes"))
    peers, stages = found["peers"], {name: spent["core_seconds"] for name, spent in made.items()}
    superpixels = sum(stages[name] for name in ("smooth", "assign", "connect", "number"))
    chain = sum(seconds for name, seconds in peers.items() if name.startswith("scikit-image"))
    block = made[WHOLE]["core_seconds"] + decided[WHOLE]["core_seconds"]
    run = found["run"]
    return {
        "scikit-image slic over our superpixels": _rounded(peers["scikit-image slic"] / superpixels),
        "scikit-image chain over our first pass": _rounded(chain / stages[WHOLE]),
        "core-seconds of the run over those of its blocks": _rounded(
            run["core_seconds_of_workers"] / run["megapixels"] / block
        ),
        "megapixels per core-second of the run over scikit-image slic's": _rounded(
            run["megapixels_per_core_second"] * peers["scikit-image slic"]
        ),
    }


def _stages(ledgers: list[TaskLedger], pixels: float) -> dict[str, dict[str, float]]:
    """Return the median of each stage per megapixel: core-seconds, seconds and MiB."""
    whole = [ledger.process_core_seconds[1] - ledger.process_core_seconds[0] for ledger in ledgers]
    found = {WHOLE: {"core_seconds": _rounded(statistics.median(whole) / pixels)}}
    for name in ledgers[0].stages:
        spent = [ledger.stages[name] for ledger in ledgers if name in ledger.stages]
        core, wall = (statistics.median(getattr(one, what) for one in spent) for what in ("core_seconds", "seconds"))
        found[name] = {
            "core_seconds": _rounded(core / pixels),
            "seconds": _rounded(wall / pixels),
            "mib": _rounded(spent[0].bytes / 2**20 / pixels),
        }
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        # a block is measured as workers compute it: the C library reads these when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | SETTINGS)
    main(*sys.argv[1:])
