"""`compare` on the five annotated sets: lattice network, U-Net of two sizes and random forest on one split each.

python benchmarks/comparison.py FOLDER run      [--seconds 120] [--set NAME ...]    equal seconds for three methods
python benchmarks/comparison.py FOLDER seeds    [--seconds 120] [--set NAME ...]    the lattice network, three seeds
python benchmarks/comparison.py FOLDER original [--seconds 300] [--set NAME ...]    the U-Net of the original size
python benchmarks/comparison.py FOLDER free     [--set NAME ...]                    no limit of seconds
python benchmarks/comparison.py FOLDER gpu      [--seconds 30] [--set NAME ...]     all four, on a GPU
python benchmarks/comparison.py FOLDER gpu-free [--set NAME ...]                    the same two, on a GPU, no limit
python benchmarks/comparison.py FOLDER gpu-free-original [--set NAME ...]           the U-Net of the original size
python benchmarks/comparison.py FOLDER folds    [--seconds 120] [--set NAME ...]    each rat or image tested on once
python benchmarks/comparison.py FOLDER tables                                       what has been measured, in Markdown

Each writes one report for each set into FOLDER; what is finished there is not measured again. With `--sizes 4 8 16 32`
and `--sides 512 1024 2048 4096` a report also has the trade-off by superpixel size, and the growth of memory.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from microscopy import pairs_of

import terrazzo as tz

SETS = ("hesc-phase", "axon-sem", "bbbc039", "vnc-sstem", "drosophila-ovary")
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
# The sets with so few rats or images that a split decides much.
FOLDS = {"axon-sem": 6, "drosophila-ovary": 5}
METHODS = {
    "run": ("lattice", "unet", "forest"),
    "seeds": ("lattice", "lattice:1", "lattice:2"),
    "original": ("unet:original",),
    "folds": ("lattice", "unet", "forest"),
    "free": ("lattice", "unet"),
    "gpu": ("lattice", "unet", "unet:original", "forest"),
    "gpu-free": ("lattice", "unet"),
    "gpu-free-original": ("unet:original",),
}
SECONDS = {"run": 120.0, "seeds": 120.0, "original": 300.0, "folds": 120.0, "gpu": 30.0}
TITLES = {
    "lattice": "lattice network",
    "lattice:1": "lattice network, seed 1",
    "lattice:2": "lattice network, seed 2",
    "unet": "U-Net, 16 channels",
    "unet:original": "U-Net, 64 channels",
    "forest": "random forest",
}
SCORES = ("accuracy", "mean_iou", "macro_f1", "adjusted_rand", "boundary_f1", "ceiling")
COSTS = ("epochs", "training", "s per Mpx", "memory, training and prediction", "GPU memory")
HEAD = ("set", "method", *(score.replace("_", " ").replace("iou", "IoU") for score in SCORES), *COSTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=(*METHODS, "tables"))
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--set", nargs="+", choices=SETS)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--sides", type=int, nargs="*", default=[])
    given = parser.parse_args()
    if given.what == "tables":
        print_tables(given.folder)
        return
    for name in given.set or (FOLDS if given.what == "folds" else SETS):
        report = compared(name, given.folder / given.what / name, given)
        print(json.dumps({"set": name, "summary": report["summary"]}), flush=True)


def compared(name: str, output: Path, given: argparse.Namespace) -> Any:
    """Compare methods on a set, or read what was compared before."""
    if not (output / "report.json").exists():
        pairs = pairs_of(name)
        grouped = groups_of(name, [image.stem for image, _ in pairs])
        methods = METHODS[given.what]
        settings = {
            "lattice": {"size": 8},
            "lattice:1": {"size": 8, "seed": 1},
            "lattice:2": {"size": 8, "seed": 2},
            "unet:original": {"base": 64},
        }
        tz.compare(
            [tz.open_image(one) for one, _ in pairs],
            [tz.open_labels(one) for _, one in pairs],
            output,
            methods={method: settings.get(method, {}) for method in methods},
            class_names=CLASSES[name],
            split=tz.Splitting(
                by="group" if grouped else "image",
                groups=grouped,
                folds=FOLDS.get(name, 4) if given.what == "folds" else 1,
            ),
            limits=tz.Limits(
                seconds=given.seconds or SECONDS.get(given.what),
                device="cuda" if given.what.startswith("gpu") else "cpu",
            ),
            sweeps=tz.Sweeps(sizes=given.sizes, sides=given.sides),
        )
    return json.loads((output / "report.json").read_text())


def groups_of(name: str, stems: list[str]) -> str | dict[str, str] | None:
    if name == "vnc-sstem":
        return {stem: SECTIONS.get(number, "c") for number, stem in enumerate(stems)}
    return SUBJECT if name == "axon-sem" else None


def print_tables(folder: Path) -> None:
    """Print what is in all reports of a folder."""
    for kind in METHODS:
        reports = {name: folder / kind / name / "report.json" for name in SETS}
        found = {name: json.loads(path.read_text()) for name, path in reports.items() if path.exists()}
        if found:
            print(f"\n{kind}\n\n| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
        for name, report in found.items():
            for method, one in report["methods"].items():
                print(f"| {name} | {TITLES[method]} | {' | '.join(cells(one))} |")
        for name, report in found.items():
            print_curves(name, report)


def cells(one: dict[str, Any]) -> list[str]:
    """Return the figures of a method as a row shows them."""
    if "error" in one:
        return [one["error"], *[""] * (len(HEAD) - 3)]
    memory = [one[stage]["peak_memory"] / 2**30 for stage in ("training", "prediction")]
    gpu = one["training"]["gpu_memory"]
    return [
        *("" if one["scores"][score] is None else f"{one['scores'][score]:.3f}" for score in SCORES),
        f"{one['fitted'].get('epochs', 0):.0f}",
        f"{one['training']['seconds']:.0f} s",
        f"{one['seconds_per_megapixel']:.2f}",
        f"{memory[0]:.1f}, {memory[1]:.1f} GiB",
        "" if gpu is None else f"{gpu / 2**30:.1f} GiB",
    ]


def print_curves(name: str, report: dict[str, Any]) -> None:
    """Print the trade-off by superpixel size and the growth of memory, where they were measured."""
    if report["trade_off"]:
        head = "| superpixels | accuracy | ceiling | mean IoU | training | s per Mpx | memory |"
        print(f"\n{name}\n\n{head}\n|{'---|' * 7}")
    for one in report["trade_off"]:
        if "error" in one:
            print(f"| {one['size']} px | {one['error']} | | | | | |")
            continue
        print(
            f"| {one['size']} px | {one['accuracy']:.4f} | {one['ceiling']:.4f} | {one['mean_iou']:.4f} | "
            f"{one['training_seconds']:.0f} s | {one['seconds_per_megapixel']:.2f} | {one['peak_memory'] >> 20} MiB |"
        )
    for method, one in report["growth"].items():
        for memory in ("peak_memory", "gpu_memory"):
            if one.get(memory):
                peaks = ", ".join(
                    f"{side} px {peak >> 20}" for side, peak in zip(one["sides"], one[memory], strict=True)
                )
                print(f"{name}, {TITLES[method]}, {memory} in MiB: {peaks}; stops at {one[f'{memory}_stops_at']}")


if __name__ == "__main__":
    main()
