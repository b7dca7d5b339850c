"""From a tree of genes to the network that it stands for."""

from __future__ import annotations

from typing import Any

from terrazzo.errors import ParameterError
from terrazzo.genes.tree import Path, Tree
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.unet.description import Convolution, Level, UNetDescription, mean_field_of, pyramid_of
from terrazzo.models.unet.description import Path as Levels


def unet_of(tree: Tree, inputs: int, classes: int, axes: int = 2) -> UNetDescription:
    """Return the U-Net of a tree, for images of so many channels, classes and spatial axes.

    A convolution has as many channels as the width at its gene, doubled with each coarser level. The factors between
    levels are those of the stacks on the way down. A pyramid has the dilations of `unet_description`.

    Raises
    ------
    ParameterError
        If it is a tree of other networks, or its depth, a kernel or a factor is none along so many axes.
    """
    _check_kind(tree, "unet")
    if tree.values["depth"] < 1:
        raise ParameterError(f"depth of a U-Net is {tree.values['depth']}; it must be at least 1")
    down, up, *on_top = tree.root.below
    above = (tree.root, down)
    pools = [_per_axis("pool", tree.at((*above, stack), "pool"), axes) for stack in down.below]

    def levels(way: Any) -> Levels:
        made = []
        for stack in way.below:
            number, path = int(stack.name.split()[1]), (tree.root, way, stack)
            steps = (_convolution(tree, (*path, one), number, axes) for one in stack.below)
            finest = way is down and number == 0
            # what leads up to a level undoes what led down from it
            factor = (1,) * axes if finest else pools[number if way is down else number + 1]
            made.append(Level(factor, tuple(steps)))
        return Levels(tuple(made))

    top = {gene.name: (tree.root, gene) for gene in on_top}
    pyramid = pyramid_of(tree.at(top["pyramid"], "pyramid"), axes) if "pyramid" in top else None
    crf = None
    if "field" in top:
        crf = mean_field_of(tree.at(top["field"], "crf"), tree.at(top["field"], "crf_radius"), axes)
    dropout = float(tree.at((tree.root,), "dropout"))
    return UNetDescription(inputs, classes, levels(down), levels(up), dropout, pyramid, crf)


def lattice_of(tree: Tree) -> LatticeSettings:
    """Return the shape of the lattice network of a tree.

    Raises
    ------
    ParameterError
        If it is a tree of other networks.
    """
    _check_kind(tree, "lattice")
    genes = {gene.name: (tree.root, gene) for gene in tree.root.below}
    coarser = genes.get("level coarser")
    return LatticeSettings(
        width=tree.at(genes["stem"], "width"),
        levels=tree.at((tree.root,), "levels"),
        finest=tree.at(genes["level finest"], "rounds"),
        blocks=1 if coarser is None else tree.at(coarser, "rounds"),
        dropout=float(tree.at(genes["message"], "dropout")),
        pixel_width=tree.at(genes["decision"], "pixel_width"),
        crf_steps=tree.at(genes["field"], "crf_steps") if "field" in genes else 0,
    )


def training_of(tree: Tree) -> dict[str, float]:
    """Return what a tree says about training, by name."""
    return {name: float(tree.at((tree.root,), name)) for name in ("learning_rate", "weight_decay")}


def size_of(tree: Tree) -> int | tuple[int, ...]:
    """Return the size of superpixels that a tree of a lattice network says."""
    _check_kind(tree, "lattice")
    size: int | tuple[int, ...] = tree.at((tree.root,), "size")
    return size


def _convolution(tree: Tree, path: Path, level: int, axes: int) -> Convolution:
    return Convolution(tree.at(path, "width") * 2**level, _per_axis("kernel", tree.at(path, "kernel"), axes))


def _per_axis(name: str, value: Any, axes: int) -> tuple[int, ...]:
    lengths = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(lengths) != axes:
        raise ParameterError(f"{name} of a space has the choice {value} and images have {axes} axes; give one for each")
    return lengths


def _check_kind(tree: Tree, kind: str) -> None:
    if tree.space.kind != kind:
        raise ParameterError(f"a tree of kind '{tree.space.kind}' is given; one of kind '{kind}' is asked for")
