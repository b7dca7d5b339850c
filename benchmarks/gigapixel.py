"""A synthetic gigapixel from Zarr to `result.zarr`, beside 64 Mpx, and two workers beside one: memory and Mpx/s.

python benchmarks/gigapixel.py [FOLDER]

Colonies in phase contrast, 32768 x 32768 uint8, stored in chunks of 1024; `terrazzo predict` in its own processes with
blocks of 2048 pixels. Needs 6 GB in the folder and ten minutes on two cores.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from processes import terrazzo
from submission import submit

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.synthetic import CLASS_NAMES, colony_image

FITTED, SMALL, MIDDLE, LARGE = 2048, 8192, 16384, 32768
BLOCK = 2048


def main() -> None:
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given[0] if given else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        model = fitted_model(folder)
        runs = {
            f"{side} px, {workers} workers": predicted(folder, model, side, workers)
            for side, workers in ((SMALL, 2), (MIDDLE, 1), (MIDDLE, 2), (LARGE, 2))
        }
    small, large = (runs[f"{side} px, 2 workers"] for side in (SMALL, LARGE))
    one, two = (runs[f"{MIDDLE} px, {workers} workers"] for workers in (1, 2))
    blocks = 2 * (LARGE // BLOCK) ** 2
    handing_out = submit(blocks)["seconds"]
    ratios = {
        "memory_of_1_gpx_over_64_mpx": large["peak_pss_mib"] / small["peak_pss_mib"],
        "time_per_pixel_of_1_gpx_over_64_mpx": small["mpx_per_second"] / large["mpx_per_second"],
        "two_workers_over_one": two["mpx_per_second"] / one["mpx_per_second"],
        "handing_out_blocks_over_the_run": handing_out / large["seconds_in_blocks"],
    }
    print(json.dumps({"runs": runs, "ratios": {name: round(value, 4) for name, value in ratios.items()}}, indent=1))


def fitted_model(folder: Path) -> Path:
    """Fit on the image's corner."""
    path = folder / "model.safetensors"
    if not path.exists():
        image, truth = colony_image((FITTED, FITTED))
        tz.write_model(tz.fit([image], [truth], class_names=CLASS_NAMES, size=16), path)
    return path


def predicted(folder: Path, model: Path, side: int, workers: int) -> dict[str, Any]:
    """Predict an image that is drawn once, and remove the result."""
    image, result = folder / f"{side}.ome.zarr", folder / "result.zarr"
    if not image.exists():
        with cluster_client():
            tz.write_ome_zarr(image, colony_image((side, side))[0], axes="yx")
    shutil.rmtree(result, ignore_errors=True)
    figures = terrazzo("predict", image, "-m", model, "-o", result, "--workers", workers, "--block", BLOCK)
    on_disk = sum(file.stat().st_size for file in result.rglob("*") if file.is_file())
    shutil.rmtree(result)
    seconds = figures["seconds"]
    run = {
        "megapixels": side * side / 1e6,
        "mpx_per_second": side * side / 1e6 / sum(seconds.values()),
        "seconds_in_blocks": sum(seconds.values()),
        "of_which_superpixels_and_graph": seconds["superpixels"],
        "wall_seconds": figures["wall_seconds"],
        "peak_pss_mib": figures["peak_pss_mib"],
        "superpixels": figures["superpixels"],
        "edges": figures["edges"],
        "result_on_disk_mib": on_disk // 2**20,
    }
    print(f"{side} px, {workers} workers: {run}", file=sys.stderr)
    return run


if __name__ == "__main__":
    main()
