"""Compare methods on one split: fit and predict each in processes of its own, and write the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.comparison.assignment import check_pairs, named_sources
from terrazzo.comparison.folder import INPUTS, begun, finish
from terrazzo.comparison.growth import growth
from terrazzo.comparison.methods import METHODS, ON_SUPERPIXELS, check_settings
from terrazzo.comparison.reporting.report import Measured, write_report
from terrazzo.comparison.reporting.view import comparison_html, comparison_text
from terrazzo.comparison.runner import Runner
from terrazzo.comparison.settings import Limits, MethodSettings, SplitBy, Splitting, Sweeps, flat_settings
from terrazzo.comparison.splitting.split import Split, split_sources
from terrazzo.errors import ParameterError
from terrazzo.io.output_path import check_ending
from terrazzo.models.device import choose_device
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.progress import shows_progress
from terrazzo.settings import answers
from terrazzo.training.rules.named_classes import named_classes


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


@shows_progress
@answers(split=Splitting, limits=Limits, sweeps=Sweeps)
def compare(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    output: str | Path,
    *,
    methods: Sequence[str] | Mapping[str, MethodSettings] = tuple(METHODS),
    class_names: Sequence[str] | None = None,
    split: SplitBy | Splitting = "image",
    limits: Limits = Limits(),
    sweeps: Sweeps = Sweeps(),
    overwrite: bool = False,
) -> Comparison:
    """Fit several methods on the same pixels, measure what they reach and what they take, and write a report.

    All methods learn from the same training side and stop by the same validation side; what is reported is the test
    side, which none of them has learned from. Each is fitted in a fresh process and predicts in another, so that memory
    is its own. Called again after it was interrupted, it goes on: what has been fitted is not fitted again. What is
    measured runs on this machine; predictions are scored on the Dask client that is active, if there is one.

    Parameters
    ----------
    images : sequence of Image or array
        With the same axes and channels. Arrays are written into the report's folder, for the other processes.
    annotations : sequence of Annotation, Image or array of whole numbers
        The class of each pixel; 255 is not annotated. Shapes are drawn into the report's folder.
    output : path
        The report's folder.
    methods : sequence of str, or mapping of str to settings
        "lattice", "unet", "forest", or the dotted name of a module as `terrazzo.comparison.methods` says;
        variants of one as "unet:small" and "unet:large". In a mapping each has settings of its own, by name as in
        `{"lattice": {"size": 8}, "unet": {"base": 64}}` or as values, `{"unet": tz.UNetSettings(base=64)}`.
    class_names : sequence of str, optional
        By default those of the annotations, if they have any.
    split : {"image", "group", "region"} or Splitting
        What is on one side only; more of it, such as groups and folds, says a `Splitting`.
    limits : Limits
        What each method is granted: seconds, epochs, seed and device.
    sweeps : Sweeps
        Sizes of superpixels for the trade-off, and sides of images for the growth of memory.
    overwrite : bool
        Replace a comparison that is there.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If images and annotations do not fit, the folder holds something else or a finished comparison, or the ending
        of its path names a format.
    ParameterError
        If there are too few units to split, a class would be absent from training or test, no method could be
        measured, or a parameter is out of range.
    """
    check_ending(output, "report")
    splitting = split if isinstance(split, Splitting) else Splitting(by=split)
    settings = _settings_of(methods)
    choose_device(limits.device)
    check_pairs(images, annotations)
    class_names = named_classes(annotations, class_names)
    rules = asdict(limits) | {"seed": int(limits.seed)}
    sizes, sides = list(sweeps.sizes) if ON_SUPERPIXELS in settings else [], list(sweeps.sides)
    given = _as_json(settings, splitting, class_names) | rules | {"sizes": sizes, "sides": sides}
    folder = Path(output).expanduser().resolve()
    with begun(folder, images, annotations, given, overwrite):
        sources = named_sources(images, annotations, folder / INPUTS)
        made = split_sources(sources, folder / INPUTS, splitting, seed=limits.seed, class_names=class_names)
    jobs = len(settings) * (2 * len(made.folds) + len(sides)) + 2 * len(_other_sizes(sizes, settings))
    runner = Runner(folder, made.class_names, rules, settings, jobs, _scheduler())
    report = write_report(folder, _measured(runner, made, sizes, sides), given)
    finish(folder)
    return Comparison(str(folder), report)


def _as_json(
    settings: Mapping[str, Mapping[str, Any]], splitting: Splitting, class_names: Sequence[str] | None
) -> dict[str, Any]:
    """Return what a comparison was asked for, as it is remembered with it."""
    return {
        "methods": list(settings),
        "class_names": None if class_names is None else list(class_names),
        "split": splitting.by,
        "groups": None if splitting.groups is None else str(splitting.groups),
        "folds": splitting.folds,
        "gap": splitting.gap,
        "settings": {name: own for name, own in settings.items() if own},
    }


def _scheduler() -> str | None:
    """Return the address of the active client's scheduler, if other processes reach it."""
    client = active_client()
    address = None if client is None else str(client.scheduler.address)
    return None if address is None or address.startswith("inproc") else address


def _settings_of(methods: Sequence[str] | Mapping[str, MethodSettings]) -> dict[str, dict[str, Any]]:
    """Return the settings of each method by name; an error if there is no such method or setting."""
    if not methods or len(set(methods)) < len(methods):
        raise ParameterError(f"methods are {list(methods)}; name at least one, each once")
    own = methods if isinstance(methods, Mapping) else {}
    settings = {name: flat_settings(own.get(name, {})) for name in methods}
    for name, flat in settings.items():
        check_settings(name, flat)
    return settings


def _other_sizes(sizes: Sequence[int], settings: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Return the sizes at which the network on superpixels is fitted besides its own."""
    return sorted(size for size in set(sizes) if size != _own_size(settings))


def _own_size(settings: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the size of superpixels in the comparison itself: one number where it is the same along all axes."""
    size = settings.get(ON_SUPERPIXELS, {}).get("size", FITTED_SIZE)
    return size if isinstance(size, int) or len(set(size)) > 1 else size[0]


def _measured(runner: Runner, split: Split, sizes: Sequence[int], sides: Sequence[int]) -> Measured:
    outcomes = {
        method: [runner.fit(method, parts, f"fold-{number}/{method}") for number, parts in enumerate(split.folds)]
        for method in runner.settings
    }
    failed = {
        method: found[0]["error"] for method, found in outcomes.items() if all("error" in outcome for outcome in found)
    }
    if len(failed) == len(outcomes):
        method, why = next(iter(failed.items()))
        raise ParameterError(f"no method could be measured; {method}: {why}")
    # at the size that the comparison itself has, the network is fitted already
    traded = {size: outcomes[ON_SUPERPIXELS][0] for size in sizes if size == _own_size(runner.settings)}
    for size in _other_sizes(sizes, runner.settings):
        traded[size] = runner.fit(ON_SUPERPIXELS, split.folds[0], f"size-{size}", size=size)
    traded = dict(sorted(traded.items()))
    working = [method for method in runner.settings if "error" not in outcomes[method][0]]
    grown = growth(runner, working, split.folds[0]["test"][0].image, sides)
    return Measured(split, outcomes, traded, grown)
