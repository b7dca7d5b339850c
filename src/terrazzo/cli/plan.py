"""`terrazzo plan`: what a prediction would take, before anything runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Block, Json, MemoryLimit, Probabilities, Reading, Size, Workers, parse_size
from terrazzo.cli.printing import print_values
from terrazzo.memory import readable_bytes
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.wording import readable_seconds


@dataclass(frozen=True)
class Planning:
    """What is planned, and how it is printed."""

    TITLE: ClassVar = "Blocks and output"

    block: Block = None
    probabilities: Probabilities = False
    json: Json = False


@grouped
def plan(
    image: Annotated[str, typer.Argument(help="An image.")],
    model: Annotated[Path | None, typer.Option("--model", "-m", help="A model; without, one of default width.")] = None,
    size: Size = str(FITTED_SIZE),
    workers: Workers = None,
    memory_limit: MemoryLimit = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Run a few blocks to estimate the time.")] = False,
    *,
    planning: Planning,
    reading: Reading,
) -> None:
    """Say what predicting an image takes: blocks, tasks, memory, disk and, if it calibrates, time."""
    from terrazzo.blockwise.planning.plan import plan as plan_of
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.model_file import open_model
    from terrazzo.lattice import spacing
    from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

    opened = open_image(image, **reading.opening())
    made = plan_of(
        opened,
        SuperpixelParameters(spacing(parse_size(size), len(opened.axes))) if model is None else open_model(model),
        block=planning.block,
        workers=workers,
        memory_limit=memory_limit,
        probabilities=planning.probabilities,
        calibrate=calibrate,
    )
    values = asdict(made)
    print_values(values if planning.json else _for_people(values), as_json=planning.json)


def _for_people(values: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: readable_bytes(values[name]) for name in values if name.startswith("memory")}
    shown["fits"] = "yes" if values["fits"] else "no: it would be refused"
    shown["disk"] = {name: readable_bytes(count) for name, count in values["disk"].items()}
    recommended, seconds = values["recommended_block"], values["seconds"]
    shown["recommended_block"] = recommended or "none fits: give fewer workers more memory"
    shown["seconds"] = "not calibrated" if seconds is None else readable_seconds(seconds)
    for name in ("extent", "block"):
        shown[name] = " x ".join(map(str, values[name]))
    return {name: shown.get(name, value) for name, value in values.items()}
