"""Compare methods on one split: fit and predict each in processes of its own, and write the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.comparison.folder import INPUTS, begun, finish
from terrazzo.comparison.growth import growth
from terrazzo.comparison.methods import METHODS, find_method
from terrazzo.comparison.named_sources import check_pairs, named_sources
from terrazzo.comparison.reporting.report import Measured, write_report
from terrazzo.comparison.reporting.view import comparison_html, comparison_text
from terrazzo.comparison.runner import Runner, Step
from terrazzo.comparison.splitting.split import WHAT, Split, SplitBy, split_sources
from terrazzo.comparison.splitting.units import Groups
from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.training.rules.named_classes import named_classes

# What `fit` takes where no size is given.
SUPERPIXEL_SIZE = 16


@dataclass(frozen=True)
class Comparison:
    """What a comparison came to.

    Parameters
    ----------
    path : str
        The report's folder, with `index.html`, `report.json` and the pictures.
    report : dict
        What is in `report.json`.
    """

    path: str
    report: dict[str, Any]

    def __repr__(self) -> str:
        return comparison_text(self.path, self.report)

    def _repr_html_(self) -> str:
        return comparison_html(self.path, self.report)


def compare(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    output: str | Path,
    *,
    methods: Sequence[str] = tuple(METHODS),
    class_names: Sequence[str] | None = None,
    split: SplitBy = "image",
    groups: Groups | None = None,
    folds: int = 1,
    gap: int = 64,
    seconds: float | None = None,
    epochs: int | None = None,
    seed: int = 0,
    sizes: Sequence[int] = (4, 8, 16, 32),
    sides: Sequence[int] = (1024, 2048, 4096, 8192),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Step | None = None,
) -> Comparison:
    """Fit several methods on the same pixels, measure what they reach and what they take, and write a report.

    All methods learn from the same training side and stop by the same validation side; what is reported is the test
    side, which none of them has learned from. Each is fitted in a fresh process and predicts in another, so that memory
    is its own. Called again after it was interrupted, it goes on: what has been fitted is not fitted again.

    Parameters
    ----------
    images : sequence of Image or array
        With the same axes and channels. Arrays are written into the report's folder, for the other processes.
    annotations : sequence of Annotation, Image or array of whole numbers
        The class of each pixel; 255 is not annotated. Shapes are drawn into the report's folder.
    output : path
        The report's folder.
    methods : sequence of str
        "gnn", "unet", "forest", or the dotted name of a module as `terrazzo.comparison.methods` says; several variants
        of one with settings of their own as "unet:small" and "unet:large".
    class_names : sequence of str, optional
        By default those of the annotations, if they have any.
    split : {"image", "group", "region"}
        What is on one side only: images, groups of images, or regions of images.
    groups : str, path or mapping, optional
        With "group": a regular expression whose parenthesis is the group in an image's name, a CSV file with the
        columns name and group, or a mapping. An empty group leaves an image out.
    folds : int
        1 tests on about a quarter of the annotated pixels; more test on each unit once.
    gap : int
        With "region": the pixels between regions on different sides that are on neither.
    seconds : float, optional
        The most seconds of training, for each method.
    epochs : int, optional
        The most epochs of a network, by default the network's own.
    seed : int
    sizes : sequence of int
        Sizes of superpixels at which the graph network is fitted on the first fold, for the trade-off; () for none.
    sides : sequence of int
        Sides in pixels of the images on which memory is measured, but those that would take more than three minutes;
        () for none.
    settings : mapping, optional
        For each method settings of its own, such as `{"gnn": {"size": 8}, "unet": {"base": 64}}`.
    device : str
        "auto", "cpu", "cuda" or "cuda:0".
    overwrite : bool
        Replace a comparison that is there.
    progress : callable, optional
        Called with `(what is done next, steps done, steps in all)`.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If images and annotations do not fit, the folder holds something else, or a finished comparison.
    ParameterError
        If there are too few units to split, a class would be absent from training or test, no method could be
        measured, or a parameter is out of range.
    """
    _check(methods, split, groups, gap, seconds, epochs, seed, settings or {})
    _check_lengths(sizes, sides)
    choose_device(device)
    check_pairs(images, annotations)
    class_names = named_classes(annotations, class_names)
    sizes = sizes if "gnn" in methods else ()
    given: dict[str, Any] = {
        "methods": list(methods),
        "class_names": None if class_names is None else list(class_names),
        "split": split,
        "groups": None if groups is None else str(groups),
        "folds": folds,
        "gap": gap,
        "seconds": seconds,
        "epochs": epochs,
        "seed": int(seed),
        "sizes": [int(size) for size in sizes],
        "sides": [int(side) for side in sides],
        "settings": {name: dict(values) for name, values in (settings or {}).items()},
        "device": device,
    }
    sizes, sides = given["sizes"], given["sides"]
    folder = Path(output).expanduser().resolve()
    with begun(folder, images, annotations, given, overwrite):
        sources = named_sources(images, annotations, folder / INPUTS)
        made = split_sources(
            sources,
            folder / INPUTS,
            by=split,
            groups=groups,
            folds=folds,
            gap=gap,
            seed=seed,
            class_names=class_names,
        )
    jobs = len(methods) * (2 * len(made.folds) + len(sides)) + 2 * len(_other_sizes(sizes, given["settings"]))
    rules = {name: given[name] for name in ("seconds", "epochs", "seed", "device")}
    runner = Runner(folder, made.class_names, rules, given["settings"], jobs, progress)
    report = write_report(folder, _measured(runner, made, methods, sizes, sides), given)
    finish(folder)
    return Comparison(str(folder), report)


def _other_sizes(sizes: Sequence[int], settings: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Return the sizes at which the graph network is fitted besides its own."""
    return sorted(size for size in set(sizes) if size != _own_size(settings))


def _own_size(settings: Mapping[str, Mapping[str, Any]]) -> Any:
    return settings.get("gnn", {}).get("size", SUPERPIXEL_SIZE)


def _measured(
    runner: Runner, split: Split, methods: Sequence[str], sizes: Sequence[int], sides: Sequence[int]
) -> Measured:
    outcomes = {
        method: [runner.fit(method, parts, f"fold-{number}/{method}") for number, parts in enumerate(split.folds)]
        for method in methods
    }
    failed = {
        method: found[0]["error"] for method, found in outcomes.items() if all("error" in outcome for outcome in found)
    }
    if len(failed) == len(outcomes):
        method, why = next(iter(failed.items()))
        raise ParameterError(f"no method could be measured; {method}: {why}")
    # at the size that the comparison itself has, the graph network is fitted already
    traded = {size: outcomes["gnn"][0] for size in sizes if size == _own_size(runner.settings)}
    for size in _other_sizes(sizes, runner.settings):
        traded[size] = runner.fit("gnn", split.folds[0], f"size-{size}", size=size)
    traded = dict(sorted(traded.items()))
    working = [method for method in methods if "error" not in outcomes[method][0]]
    grown = growth(runner, working, split.folds[0]["test"][0].image, sides)
    return Measured(split, outcomes, traded, grown)


def _check(
    methods: Sequence[str], split: str, groups: Groups | None, gap: int, seconds: float | None, epochs: int | None,
    seed: int, settings: Mapping[str, Any],
) -> None:  # fmt: skip
    if not methods or len(set(methods)) < len(methods):
        raise ParameterError(f"methods are {list(methods)}; name at least one, each once")
    for method in methods:
        find_method(method)
    if split not in WHAT:
        raise ParameterError(f"split is {split!r}; it must be 'image', 'group' or 'region'")
    if (groups is None) == (split == "group"):
        raise ParameterError("groups and split='group' go together; give both or neither")
    if gap < 0 or (seconds is not None and not seconds > 0) or (epochs is not None and epochs < 1):
        raise ParameterError(
            f"gap is {gap}, seconds {seconds} and epochs {epochs}; gap must be at least 0, seconds above 0 and epochs "
            "at least 1"
        )
    if seed < 0:
        raise ParameterError(f"seed is {seed}; it must be at least 0")
    unknown = sorted(set(settings) - set(methods))
    if unknown:
        raise ParameterError(f"there are settings for '{unknown[0]}', which is not among the methods {list(methods)}")


def _check_lengths(sizes: Sequence[int], sides: Sequence[int]) -> None:
    for name, lengths, least in (("sizes", sizes, 2), ("sides", sides, 1)):
        if any(length < least for length in lengths):
            raise ParameterError(f"{name} are {list(lengths)}; each must be at least {least} pixels")
