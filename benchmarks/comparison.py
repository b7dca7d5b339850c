"""`compare` on the five annotated sets: graph network, U-Net and random forest in equal seconds.

python benchmarks/comparison.py FOLDER [SECONDS] [SET ...]

Reports are written to the folder, one for each set with the small U-Net (16 channels at full resolution), one with the
original size (64). What is finished there is not measured again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from microscopy import pairs_of

import terrazzo as tz

SIZES = {"hesc-phase": 4, "axon-sem": 8, "bbbc039": 6, "vnc-sstem": 8, "drosophila-ovary": 8}
CLASSES = {
    "hesc-phase": ("background", "colony"),
    "axon-sem": ("background", "myelin", "axon"),
    "bbbc039": ("background", "nucleus"),
    "vnc-sstem": ("membrane", "glia", "mitochondrion", "synapse", "intracellular"),
    "drosophila-ovary": ("background", "follicle", "nurse", "cytoplasm"),
}
# Of vnc-sstem sections 6 and 10 are in no group, so that no section is next to one of another side.
SECTIONS = {6: "", 10: ""} | dict.fromkeys(range(6), "a") | dict.fromkeys(range(7, 10), "b")
SUBJECT = r"(sub-rat\d+)"
FIGURES = ("accuracy", "mean_iou", "macro_f1", "adjusted_rand", "boundary_f1", "ceiling")


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2]) if sys.argv[2:] else 90
    for name in sys.argv[3:] or SIZES:
        gnn = {"size": SIZES[name], "layers": 12, "dropout": 0.1}
        small = compared(name, folder / name, seconds, ("gnn", "unet", "forest"), {"gnn": gnn})
        large = compared(name, folder / f"{name}-64", seconds, ("unet",), {"unet": {"base": 64}})
        print(json.dumps({"set": name, "seconds": seconds, "report": small, "unet of 64": large}), flush=True)


def compared(name: str, output: Path, seconds: float, methods: tuple[str, ...], settings: dict[str, Any]) -> Any:
    """Compare methods on a set, or read what was compared before."""
    report = output / "report.json"
    if not report.exists():
        pairs = pairs_of(name)
        images, annotations = [tz.open_image(one) for one, _ in pairs], [tz.open_labels(one) for _, one in pairs]
        grouped = groups_of(name, [image.stem for image, _ in pairs])
        tz.compare(
            *(images, annotations, output),
            methods=methods,
            class_names=CLASSES[name],
            split="group" if grouped else "image",
            groups=grouped,
            seconds=seconds,
            sizes=(),
            sides=(),
            settings=settings,
        )
    return json.loads(report.read_text())["methods"]


def groups_of(name: str, stems: list[str]) -> str | dict[str, str] | None:
    if name == "vnc-sstem":
        return {stem: SECTIONS.get(number, "c") for number, stem in enumerate(stems)}
    return SUBJECT if name == "axon-sem" else None


if __name__ == "__main__":
    main()
