"""What `terrazzo predict` takes before and beside its blocks: one image of 256 x 256, then a folder of such tiles.

python benchmarks/starting.py [TILES [SOURCE …]]

Seconds by the clock and core-seconds of all processes. Each SOURCE is the `src` folder of a checkout, by default this
one: those of several follow each other in the same round, so that their ratio means something on a busy machine.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image

SIDE, FITTED, STEPS, ROUNDS = 256, 512, 40, 3
HERE = str(Path(__file__).resolve().parents[1] / "src")
# of prctl: processes whose parent has gone become children of this one, which counts what they took
SUBREAPER = 36


def main(tiles: str = "60", *sources: str) -> None:
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name), Path(name) / "model.safetensors"
        small, truth = (plane.compute() for plane in colony_image((FITTED, FITTED)))
        training = tz.LatticeTraining(steps=STEPS, patience=STEPS, device="cpu")
        tz.write_model(tz.fit([small], [truth], class_names=CLASS_NAMES, size=16, training=training), model)
        (folder / "tiles").mkdir()
        for number in range(int(tiles)):
            top, left = (number * 7) % SIDE, (number * 13) % SIDE
            tile = small[top : top + SIDE, left : left + SIDE]
            Image.fromarray(tile).save(folder / "tiles" / f"{number:04d}.png")
        for round_ in range(ROUNDS):
            for source in sources or (HERE,):
                for what in ("tiles/0000.png", "tiles"):
                    wall, core = taken(folder / what, model, folder / f"{round_}-{time.time_ns()}.zarr", source)
                    print(f"round {round_} {source} {what}: {wall:.2f} s, {core:.2f} core-seconds", flush=True)


def taken(image: Path, model: Path, result: Path, source: str) -> tuple[float, float]:
    """Return the seconds and the core-seconds of a prediction, those of processes that outlive the command included."""
    output = result if image.is_file() else result.with_suffix("")
    line = [sys.executable, "-m", "terrazzo", "predict", image, "-m", model, "-o", output, "--workers", "2", "--json"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line, env=os.environ | {"PYTHONPATH": source}, capture_output=True, check=True)
    wall = time.perf_counter() - began
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
