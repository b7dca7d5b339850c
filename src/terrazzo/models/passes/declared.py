"""A pass over the blocks of an image, as a kind of model declares it: plain values and a pure function of arrays.

What is read and what is given has a name: of an image of the block's core "labels" (superpixel ids), "classes" and
"probabilities" (a plane per class); of the superpixels that a block owns "rows" (a `BlockGraph`), "node_probabilities",
"node_embeddings" and "targets". The floor above brings what a pass reads and keeps what it gives, for stored images and
for lazy arrays, and knows no kind of model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.memory import Reading

Given: TypeAlias = Mapping[str, Any]
"""What a pass gives of a block, by name; "figures" are the whole numbers that `Pass.figures` names."""

Windows: TypeAlias = Callable[[Block], Box]

IMAGE, ANNOTATION = "image", "annotation"


def core(block: Block) -> Box:
    """Return the pixels of a block itself, without any around."""
    return block.core


@dataclass(frozen=True, eq=False)
class Seen:
    """A window of an image.

    Parameters
    ----------
    box : Box
        Where it lies.
    pixels : ndarray, shape (c, y, x) or (c, z, y, x)
        Of an annotation (y, x) or (z, y, x).
    mask : ndarray of bool, shape (y, x) or (z, y, x), or None
        Which of them count; None: all.
    """

    box: Box
    pixels: NDArray[Any]
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Pixels:
    """A pass reads a window of the image, with the mask there, as `Seen`.

    Parameters
    ----------
    window : callable
        Gives the window of a block.
    asked : callable
        Gives the pixels inside the window about which the pass says something, by default the block's core: where a
        mask leaves none of them, it is not run.
    of : {"image", "annotation"}
    """

    window: Windows
    asked: Windows = core
    of: str = IMAGE


@dataclass(frozen=True)
class Own:
    """A pass reads what an earlier one gave of the same block; where all of that is empty, it is not run.

    Parameters
    ----------
    what : str
        "labels" (an array), "rows" or any other name that an earlier pass gives.
    margin : int
        Of labels: how many cells around the core are wanted as well, 0 or 1; with one, they come as `BlockLabels`.
    """

    what: str
    margin: int = 0


@dataclass(frozen=True)
class Near:
    """A pass reads what an earlier one gave of all blocks that own a cell near a block, in raster order, as a list.

    Parameters
    ----------
    what : str
    cells : int or tuple of int
        How far from the block's own cells, for all axes or for each.
    """

    what: str
    cells: int | tuple[int, ...]


@dataclass(frozen=True)
class Estimate:
    """What is estimated once for the whole image, from windows at fixed positions, such as a number that a pass reads.

    Parameters
    ----------
    name : str
    known : float or None
        It, where nothing has to be estimated.
    windows : callable
        Gives the windows of an image of some extent.
    measured : callable
        Takes the pixels of a window and their mask, or None, and gives an array.
    combined : callable
        Takes these arrays, in the order of the windows, and gives it.
    """

    name: str
    known: float | None
    windows: Callable[[tuple[int, ...]], list[Box]]
    measured: Callable[[NDArray[Any], NDArray[np.bool_] | None], NDArray[Any]]
    combined: Callable[[list[NDArray[Any]]], Any]


Read: TypeAlias = Pixels | Own | Near | Estimate


@dataclass(frozen=True)
class Holds:
    """The memory of a pass, from integers alone.

    Parameters
    ----------
    task : callable
        Gives the bytes that the task of a block of a grid holds at its peak, for images that are read so.
    process : int
        Bytes that a process holds before its first task.
    """

    task: Callable[[Block, BlockGrid, Reading], int]
    process: int


@dataclass(frozen=True)
class Pass:
    """One pass over the blocks of an image.

    Parameters
    ----------
    name : str
        What its markers, its progress and its tasks are called.
    reads : tuple of Pixels, Own, Near and Estimate
        What it is given, in this order.
    gives : tuple of str
        The names of what it gives.
    run : callable
        `run(block, *read)` gives the same for the same arrays, wherever it runs.
    nothing : callable
        Gives what it gives of a block where a mask leaves nothing.
    decides : object
        Plain values that, with what is read, decide the answer: whatever has the same shares its tasks.
    holds : Holds, optional
        Every pass of a model has it; a part, or a pass that only fits run, may be without, since no plan asks it.
    figures : tuple of str
        The names of whole numbers, "figures" of what it gives, that are summed over all blocks.
    parts : tuple of Pass
        The same in smaller passes, whose composition gives the same: for lazy arrays, which share each of them.
    """

    name: str
    reads: tuple[Read, ...]
    gives: tuple[str, ...]
    run: Callable[..., Given]
    nothing: Callable[[Block], Given]
    decides: Any
    holds: Holds | None = None
    figures: tuple[str, ...] = ()
    parts: tuple[Pass, ...] = ()

    @property
    def window(self) -> Windows | None:
        """Which pixels of the image it reads; None if it reads none."""
        return next((read.window for read in self.reads if isinstance(read, Pixels) and read.of == IMAGE), None)
