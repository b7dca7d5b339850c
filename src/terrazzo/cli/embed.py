"""`terrazzo embed`: from images alone, without annotation, to a model of domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import typer

from terrazzo.cli.groups import grouped, said
from terrazzo.cli.options import Output, ReadingMany, Writing, parse_size
from terrazzo.cli.printing import display, print_values
from terrazzo.io.output_path import check_model_path
from terrazzo.settings import spread


@dataclass(frozen=True)
class DomainOptions:
    """The domains."""

    TITLE: ClassVar = "Domains"

    domains: Annotated[
        int | None, typer.Option(help="How many domains; by default an information criterion chooses.")
    ] = None
    clustering: Annotated[str | None, typer.Option(help="gaussian (the default), kmeans or leiden.")] = None
    nearest: Annotated[
        int | None,
        typer.Option(help="A superpixel takes the domain that most of so many nearest have: 50; 0 leaves its own."),
    ] = None


@dataclass(frozen=True)
class NestedOptions:
    """The network and its training."""

    TITLE: ClassVar = "Network"

    k: Annotated[
        float | None, typer.Option(help="How many channels each hears on the average, itself included: 7.")
    ] = None
    region: Annotated[
        int | None, typer.Option(help="How many superpixels wide the regions of correlation are: 10.")
    ] = None
    width: Annotated[int | None, typer.Option(help="Numbers of an embedding: 64.")] = None
    blocks: Annotated[int | None, typer.Option(help="Blocks of the images that are looked at, about: 32.")] = None
    steps: Annotated[int | None, typer.Option(help="Steps of training: 400.")] = None
    seed: Annotated[int | None, typer.Option(help="Repeats a run; 0.")] = None
    device: Annotated[str | None, typer.Option(help="auto (the default), cpu, cuda or cuda:0.")] = None


@grouped
def embed(
    images: Annotated[str, typer.Argument(help="An image or a store; a folder or a quoted glob of them.")],
    output: Output,
    size: Annotated[str, typer.Option(help="The spacing of superpixels in pixels, or 2,8,8 for (z, y, x).")] = "16",
    *,
    domains: DomainOptions,
    network: NestedOptions,
    reading: ReadingMany,
    writing: Writing,
) -> None:
    """Fit nested graphs on images without annotation; terrazzo predict then finds the domains."""
    from terrazzo.io.files import find_images
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.model_file import write_fitted
    from terrazzo.lattice import spacing
    from terrazzo.models.nested.settings import NestedSettings
    from terrazzo.training.nested.fit_nested import fit_nested
    from terrazzo.training.nested.settings import NestedTraining

    check_model_path(output, writing.overwrite)
    given: dict[str, Any] = said(domains, network)
    shape, training = spread(given, NestedSettings, NestedTraining)
    opened = [open_image(image, **reading.opening()) for image in find_images(images, stack=reading.stack)]
    with display():
        fitted = fit_nested(
            opened, size=spacing(parse_size(size), len(opened[0].extent)), network=shape, training=training
        )
    write_fitted(fitted, output, overwrite=writing.overwrite)
    known = {"model": str(output), "images": len(opened), "classes": list(fitted.class_names)}
    print_values(known | fitted.fitted, as_json=writing.json)
