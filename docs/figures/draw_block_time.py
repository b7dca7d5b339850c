"""Draw `block_time.png`: where the time of one block goes, stage by stage, from what `benchmarks/bench.py` has written.

python docs/figures/draw_block_time.py BENCH.json
"""

import io
import json
import sys
from pathlib import Path

import matplotlib
import PIL.Image

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

PASSES = {"superpixels": "#d9822b", "classes": "#3b82c4"}
WHOLE, LEAST = "all threads", 0.002
PEERS = {"scikit-image slic": "scikit-image's slic"}
RESPONSES = "scale_space_eigen_"


def main(measured: str) -> None:
    """Draw the picture beside this script."""
    found = json.loads(Path(measured).read_text())
    figure, panels = plt.subplots(1, 2, figsize=(10.0, 3.9), layout="constrained", sharex=True)
    for axes, (name, colour) in zip(panels, PASSES.items(), strict=True):
        _draw(axes, name, found["block"][name], colour, found["peers"])
    figure.supxlabel("core-seconds per megapixel of the block", fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    picture = PIL.Image.open(buffer).convert("RGB")
    small = picture.quantize(32, PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    small.save(Path(__file__).with_name("block_time.png"), optimize=True)


def _draw(axes: Axes, name: str, stages: dict[str, dict[str, float]], colour: str, peers: dict[str, float]) -> None:
    spent = {stage: one["core_seconds"] for stage, one in stages.items() if stage != WHOLE}
    rows = sorted(((seconds, stage) for stage, seconds in spent.items() if seconds >= LEAST), reverse=True)
    shown = [(seconds, stage.replace(RESPONSES, "responses at sigma "), colour) for seconds, stage in rows]
    if name == "superpixels":
        shown += [(peers[peer], said, "#9a9a9a") for peer, said in PEERS.items()]
    axes.barh([stage for _, stage, _ in shown], [s for s, _, _ in shown], color=[c for _, _, c in shown])
    axes.invert_yaxis()
    axes.bar_label(axes.containers[0], fmt="%.3f", padding=3, fontsize=8)
    axes.set_title(f"{name}: {stages[WHOLE]['core_seconds']:.3f}", fontsize=11)
    axes.tick_params(labelsize=9)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main(*sys.argv[1:])
