"""`terrazzo search`: trees of genes at random, then Optuna, and the best models in a folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.annotated_images import open_annotated_images
from terrazzo.cli.groups import grouped
from terrazzo.cli.options import (
    Annotating,
    Annotations,
    Classes,
    Device,
    Elsewhere,
    Images,
    Output,
    ReadingMany,
    Workers,
    Writing,
    parse_names,
)
from terrazzo.cli.printing import display, print_values
from terrazzo.errors import InputError, ParameterError


@dataclass(frozen=True)
class FirstOptions:
    """What most people need."""

    output: Output
    space: Annotated[
        str, typer.Option(help="Which networks are drawn: unet or lattice, or a JSON file of a space.")
    ] = "unet"
    classes: Classes = None
    trials: Annotated[int, typer.Option(help="Trees in all; a study that is there goes on with more.")] = 40
    seconds: Annotated[float | None, typer.Option(help="About how long each trains; 120, unless --steps.")] = None


@dataclass(frozen=True)
class SplitOptions:
    """More about the split."""

    TITLE: ClassVar = "Split"

    split: Annotated[str, typer.Option(help="What is on one side only: image, group or region.")] = "image"
    groups: Annotated[
        str | None,
        typer.Option(help="A regular expression whose parenthesis is the group, or a CSV of name and group."),
    ] = None
    gap: Annotated[int, typer.Option(help="Pixels between regions on different sides.")] = 64


@dataclass(frozen=True)
class TrialOptions:
    """How trees are tried."""

    TITLE: ClassVar = "Trials"

    random: Annotated[int | None, typer.Option(help="How many are drawn before Optuna begins; half.")] = None
    steps: Annotated[int | None, typer.Option(help="How many steps each trains, in place of seconds.")] = None
    memory: Annotated[str | None, typer.Option(help="What a trial may hold, such as 4GiB.")] = None
    objective: Annotated[
        str, typer.Option(help="mean_iou, accuracy or adjusted_rand; with ,seconds_per_megapixel a front of both.")
    ] = "mean_iou"
    prune: Annotated[bool, typer.Option(help="Stop trials early that fall behind.")] = True
    keep: Annotated[int, typer.Option(help="How many of the best models are kept apart.")] = 4
    seed: Annotated[int, typer.Option(help="Repeats the trees that are drawn.")] = 0
    device: Device = "auto"
    workers: Workers = None


@grouped
def search(
    images: Images,
    annotations: Annotations,
    first: FirstOptions,
    splitting: SplitOptions,
    trying: TrialOptions,
    elsewhere: Elsewhere,
    reading: ReadingMany,
    annotating: Annotating,
    writing: Writing,
) -> None:
    """Search for the network that suits images: trees of genes at random, then Optuna improves the best.

    Run again after an interruption, it goes on; with more --trials a study continues. The best models are in the
    folder `best`, everything else on the page index.html.
    """
    from terrazzo.blockwise.cluster.cluster import cluster_client
    from terrazzo.comparison.settings import Splitting
    from terrazzo.study.journal import optuna_module
    from terrazzo.study.search import search as search_networks
    from terrazzo.study.settings import Searching

    objective = tuple(parse_names(trying.objective) or ())
    granted = asdict(trying) | {"objective": objective, "trials": first.trials, "seconds": first.seconds}
    workers, by = granted.pop("workers"), asdict(splitting)
    searching, split = Searching(**granted), Splitting(by=by.pop("split"), **by)
    optuna_module()
    given = open_annotated_images(images, annotations, first.output, reading, annotating, classes=first.classes)
    space = _space(first.space, len(given.images[0].extent))
    with cluster_client(elsewhere.scheduler, workers, elsewhere.scheduler_file) as client, display():
        study = search_networks(
            given.images,
            given.annotations,
            first.output,
            space=space,
            split=split,
            searching=searching,
            client=client,
            overwrite=writing.overwrite,
        )
    print_values(_figures(study.path, study.report), as_json=writing.json)


def _space(text: str, axes: int) -> Any:
    """Return what --space says: a kind, or the space in a JSON file."""
    from terrazzo.genes.space import space_of
    from terrazzo.io.failures import reason_of

    if not text.lower().endswith(".json"):
        return space_of({"kind": text}, axes)
    try:
        return space_of(json.loads(Path(text).read_text()), axes)
    except (OSError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise ParameterError(f"'{text}': {error}") from error
        raise InputError(f"'{text}' is no JSON of a space ({reason_of(error)}); see the how-to on search") from error


def _figures(path: str, report: dict[str, Any]) -> dict[str, Any]:
    best = {
        one["model"]: {
            "trial": one["trial"],
            **one["validation"],
            **{f"test_{name}": value for name, value in (one["test"] or {}).items() if name != "iou"},
        }
        for one in report["best"]
    }
    return {"page": f"{path}/index.html", "summary": report["summary"], **best}
