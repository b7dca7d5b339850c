"""The options of a fit, in groups: what none of them says is the default of the settings that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import typer

from terrazzo.cli.options import Classes, Mask, Output, Seconds
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.models.unet.settings import UNetSettings
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.rules.training import ForestTraining, PixelTraining, Training, UNetTraining

ModelKind = Literal["lattice", "unet", "forest"]


def _option(text: str, default: object) -> Any:
    """Return an option that is None where it is not given, and shows a default that is that of a setting."""
    return typer.Option(help=rf"{text} [dim]\[default: {default}][/dim]")


@dataclass(frozen=True)
class FirstOptions:
    """What most people need."""

    output: Output
    model: Annotated[
        ModelKind,
        typer.Option(help="A lattice network on superpixels and pixels, a U-Net, or a forest."),
    ] = "lattice"
    classes: Classes = None
    size: Annotated[
        str | None,
        _option(
            "The spacing of superpixels in pixels, 2,8,8 for (z, y, x), or auto: 8, 12 or 16 by short fits.",
            FITTED_SIZE,
        ),
    ] = None
    seconds: Seconds = None


@dataclass(frozen=True)
class FirstUNetOptions:
    """What most people need of a U-Net."""

    output: Output
    classes: Classes = None
    seconds: Seconds = None


@dataclass(frozen=True)
class TrainingOptions:
    """How any model is trained."""

    TITLE: ClassVar = "Training"

    epochs: Annotated[
        int | None,
        _option("The most epochs; not of a forest.", f"{LatticeTraining.epochs}, of unet {Training.epochs}"),
    ] = None
    steps: Annotated[
        int | None,
        typer.Option(help="The steps in all, in place of epochs or seconds; not of a forest."),
    ] = None
    patience: Annotated[
        int | None,
        _option(
            "Epochs, or tens of trees, without a better validation before training stops.",
            f"{LatticeTraining.patience}, of unet {Training.patience}, of a forest {ForestTraining.patience}",
        ),
    ] = None
    validation: Annotated[
        float | None,
        _option("Share of the annotated pixels to hold out.", Training.validation),
    ] = None
    learning_rate: Annotated[
        float | None,
        _option("The highest; it rises at first, then falls; not of a forest.", Training.learning_rate),
    ] = None
    dropout: Annotated[
        float | None,
        _option(
            "Share dropped in training; not of a forest.",
            f"{LatticeSettings.dropout:g}, of unet {UNetSettings.dropout:g}",
        ),
    ] = None
    loss: Annotated[
        str | None,
        _option(
            "What pixels pay: cross-entropy, or beside it dice (1 less Dice) or lovasz (1 less IoU); not of a forest.",
            PixelTraining.loss,
        ),
    ] = None
    boundary: Annotated[
        float | None,
        _option(
            "What is added to the 1 that a pixel counts, at boundaries between classes; not of a forest.",
            PixelTraining.boundary,
        ),
    ] = None
    boundary_width: Annotated[
        float | None,
        _option("How wide that is, in pixels; not of a forest.", PixelTraining.boundary_width),
    ] = None
    seed: Annotated[int | None, _option("Repeats a run.", Training.seed)] = None
    device: Annotated[
        str | None,
        _option("auto, cpu, cuda or cuda:0; a forest is grown on the CPU.", Training.device),
    ] = None


@dataclass(frozen=True)
class SuperpixelOptions:
    """What decides superpixels; a test holds the defaults to those of `SuperpixelParameters`, which load slowly."""

    TITLE: ClassVar = "Superpixels, of --model lattice"

    compactness: Annotated[float | None, _option("Larger makes rounder superpixels.", "0.45")] = None
    iterations: Annotated[int | None, _option("How often pixels choose superpixels anew.", "5")] = None
    sigma: Annotated[float | None, _option("Smoothing before them, in pixels.", "1.0")] = None
    scale: Annotated[
        float | None, typer.Option(help="The intensity difference that counts as 1; by default estimated.")
    ] = None
    colour: Annotated[str | None, _option("none, or lab: red, green and blue compared in CIELAB.", "none")] = None
    weights: Annotated[str | None, typer.Option(help="What each channel is multiplied by, such as 1,0.5.")] = None
    mask: Mask = None


@dataclass(frozen=True)
class LatticeOptions:
    """The lattice network."""

    TITLE: ClassVar = "Lattice network, of --model lattice"

    start: Annotated[
        Path | None,
        typer.Option(help="A fitted model whose weights and scaling training begins with; classes may be others."),
    ] = None
    decision: Annotated[
        str | None,
        _option("Who decides on a pixel's class: pixel, or region, which is quicker.", LatticeSettings.decision),
    ] = None
    copies: Annotated[
        int | None,
        _option("Altered copies of each training image that are learned from as well.", LatticeTraining.copies),
    ] = None
    contrast: Annotated[float | None, _option("How far contrast is altered in training.", LatticeTraining.contrast)] = (
        None
    )
    brightness: Annotated[
        float | None, _option("How far brightness is altered in training.", LatticeTraining.brightness)
    ] = None
    width: Annotated[int | None, _option("Width of the network.", LatticeSettings.width)] = None
    crf_steps: Annotated[
        int | None,
        _option(
            "Steps of a conditional random field, in which superpixels that touch agree.", LatticeSettings.crf_steps
        ),
    ] = None
    pool_sections: Annotated[
        bool | None,
        typer.Option(
            "--pool-sections/--no-pool-sections",
            help="Pool sections of a volume as well; by default unless superpixels are of one section each.",
        ),
    ] = None
    block: Annotated[int | None, typer.Option(help="About how many pixels wide a task's block is.")] = None
    streaming: Annotated[
        bool | None,
        typer.Option("--streaming/--no-streaming", help="Keep what is measured on disk; by default where it is large."),
    ] = None
    scratch: Annotated[Path | None, typer.Option(help="An existing folder for what is kept on disk.")] = None


@dataclass(frozen=True)
class UNetOptions:
    """The U-Net and its patches."""

    TITLE: ClassVar = "U-Net, of --model unet"

    base: Annotated[
        int | None,
        _option("Channels at the image's resolution; 64 is the original size.", UNetSettings.base),
    ] = None
    depth: Annotated[int | None, _option("How often the resolution falls.", UNetSettings.depth)] = None
    convolutions: Annotated[
        int | None,
        _option("At each resolution, on the way down and up.", UNetSettings.convolutions),
    ] = None
    kernels: Annotated[
        str | None,
        _option("Lengths of convolutions: 1,3,3 for (z, y, x), '1,3,3 3' by level, 1,3,3+3,3,3 mixed in each.", "3"),
    ] = None
    pools: Annotated[str | None, _option("Factors between levels, the same way: 1,2,2 leaves z as it is.", "2")] = None
    pyramid: Annotated[
        int | None,
        _option("Channels of a pyramid of parallel convolutions on top, which look along z; 0: none.", "0"),
    ] = None
    dilations: Annotated[
        str | None, _option("How far apart each of them looks, along y and x or per axis.", "'1 2 4'")
    ] = None
    crf: Annotated[int | None, _option("Steps of a local conditional random field at the end.", UNetSettings.crf)] = (
        None
    )
    crf_radius: Annotated[
        str | None, _option("Of its window in pixels, along y and x or per axis.", UNetSettings.crf_radius)
    ] = None
    patch: Annotated[int | None, _option("Side of a patch in pixels.", "128, in volumes 64")] = None
    batch: Annotated[int | None, _option("Patches in one step.", UNetTraining.batch)] = None


@dataclass(frozen=True)
class ForestOptions:
    """The forest and its pixels."""

    TITLE: ClassVar = "Random forest, of --model forest"

    samples: Annotated[
        int | None,
        _option("Annotated pixels to learn from, about.", ForestTraining.samples),
    ] = None
    trees: Annotated[int | None, _option("The most trees.", ForestTraining.trees)] = None
