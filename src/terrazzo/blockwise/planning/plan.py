"""What a run would take, before it runs: blocks, tasks, memory, disk and time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.available_memory import bytes_of, memory_of_machine, usable
from terrazzo.blockwise.cluster.local_workers import processes_and_threads
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, image_array, lattice_of
from terrazzo.blockwise.inputs.model_image import model_image
from terrazzo.blockwise.planning.any_work import AnyWork
from terrazzo.blockwise.planning.calibrate import calibrated_seconds
from terrazzo.blockwise.planning.calibrate_unet import calibrated_unet_seconds
from terrazzo.blockwise.planning.model_grid import model_grid
from terrazzo.blockwise.planning.task_memory import Work
from terrazzo.blockwise.planning.unet_work import UNetWork
from terrazzo.errors import InputError, ParameterError
from terrazzo.html import table
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.image import Image
from terrazzo.io.results.pyramid import Pyramid
from terrazzo.lattice import Lattice
from terrazzo.memory import readable_bytes
from terrazzo.models.any_model import AnyModel
from terrazzo.models.gnn.network import GNNConfig
from terrazzo.models.unet.model import UNetModel
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, FeatureSet
from terrazzo.regions.superpixels.compared_channels import check_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.wording import by, counted, lengths, readable_seconds

# What may be recommended, in pixels; each worker's thread gets at least so many blocks where the image has them.
SIDES = {
    2: (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192),
    3: (32, 48, 64, 96, 128, 192, 256, 384, 512),
}
BLOCKS_PER_THREAD = 3

# A smaller block is as good as the largest that fits if it reads at most this much more.
AS_GOOD = 1.1


@dataclass(frozen=True)
class Plan:
    """What `write_prediction` would take.

    Parameters
    ----------
    extent : tuple of int
        Of the image, (y, x) or (z, y, x), in pixels.
    block : tuple of int
        Extent of a block in pixels.
    blocks, tasks : int
        How many; each block has one task in each of the two passes, with a U-Net in its only one, and 16 blocks or
        fewer one for coarser levels.
    workers, threads : int
        Processes, and tasks that each runs at a time.
    read_per_kept : float
        Pixels read over pixels of the image, for the superpixels or by the U-Net.
    computed_per_kept : float
        Pixels that an iteration assigns, on average, over pixels of the image; or that go through the U-Net.
    superpixels, edges : int
        At most so many rows; what is more than three edges per superpixel in a volume is an estimate. With a U-Net 0.
    memory_per_worker : int
        Bytes that a worker holds at its peak, at most.
    memory_in_all : int
        Bytes of all workers and of the process that hands out blocks.
    memory_limit : int
        Bytes that are a worker's limit.
    memory_usable : int
        Bytes of it that a worker may hold: above 80 % of its limit Dask pauses it.
    fits : bool
        Whether a worker's memory is within what it may hold.
    disk : dict of str to int
        Bytes of each output before compression, the levels of images included.
    recommended_block : int or None
        A value for `block` with which a worker fits; None if there is none.
    seconds : float or None
        How long it would take; None unless it was calibrated.
    """

    extent: tuple[int, ...]
    block: tuple[int, ...]
    blocks: int
    tasks: int
    workers: int
    threads: int
    read_per_kept: float
    computed_per_kept: float
    superpixels: int
    edges: int
    memory_per_worker: int
    memory_in_all: int
    memory_limit: int
    memory_usable: int
    fits: bool
    disk: dict[str, int]
    recommended_block: int | None
    seconds: float | None

    def __repr__(self) -> str:
        said = "".join(f"\n  {name.lower()}: {text}" for name, text in self._rows().items() if text is not None)
        return f"<terrazzo.Plan>{said}"

    def _repr_html_(self) -> str:
        return table("terrazzo.Plan", self._rows())

    def _rows(self) -> dict[str, str | None]:
        usable = f"{readable_bytes(self.memory_usable)} usable"
        rows = f"{counted(self.superpixels, 'superpixel')}, {counted(self.edges, 'edge')}"
        return {
            "Extent": lengths(self.extent),
            "Blocks": f"{self.blocks:,} of {by(self.block)} pixels, {counted(self.tasks, 'task')}",
            "Workers": f"{self.workers} with {counted(self.threads, 'thread')} each",
            "Memory": f"{readable_bytes(self.memory_per_worker)} per worker of {usable}: "
            + ("it fits" if self.fits else f"it does not fit; {_advice(self.recommended_block)}"),
            "Halo": f"{self.read_per_kept:.2f} pixels read for each that is kept",
            "At most": rows if self.superpixels else None,
            "Disk": f"{readable_bytes(sum(self.disk.values()))} before compression",
            "Time": None if self.seconds is None else readable_seconds(self.seconds),
        }


def plan(
    image: ImageLike,
    model: AnyModel | None = None,
    *,
    block: int | None = None,
    workers: int | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    masked: bool = False,
    probabilities: bool = False,
    size: int | Sequence[int] = 16,
    iterations: int = 5,
    sigma: float = 1.0,
    colour: str = "none",
    features: FeatureSet = DEFAULT_FEATURES,
    classes: int = 2,
    layers: int = 8,
    width: int = 64,
    calibrate: bool = False,
) -> Plan:
    """Say what `write_prediction` of an image would take; no pixel is read unless it calibrates.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        What would be predicted. For an array, reading it costs nothing.
    model : Model or UNetModel, optional
        With what; without it, one that is fitted with the parameters from `size` on, which a model brings itself.
    block : int, optional
        About how many pixels wide the blocks are.
    workers : int, optional
        Processes, by default as many as a local cluster gets: one per core, fewer if memory is short.
    threads : int, optional
        Tasks that each of them runs at a time, by default 1, or more where there are fewer processes than cores.
    memory_limit : int or str, optional
        The memory limit of one worker, in bytes or as text such as "2GiB"; by default an equal share of what this
        machine has left.
    masked, probabilities : bool
        Whether there is a mask; whether images of probabilities are written.
    size, iterations, sigma, colour, features, classes, layers, width
        As for `fit`.
    calibrate : bool
        Run a few blocks of the image in this process, for about half a minute, to estimate the time; needs an Image.

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        If a number is out of range.
    InputError
        If the image is none, or an array is to be calibrated.
    ModelError
        If the model is none for this image.
    """
    if workers is None:
        workers, most = processes_and_threads(CPU_COUNT, MEMORY_LIMIT)
        threads = most if threads is None else threads
    threads = 1 if threads is None else threads
    _check_counts(workers=workers, threads=threads)
    limit = bytes_of(memory_limit) if memory_limit is not None else memory_of_machine() // workers
    if calibrate and not isinstance(image, Image):
        raise InputError("only a stored image can be calibrated; write the array with write_ome_zarr first")
    read = decoding(image.stored) if isinstance(image, Image) else None
    stored: dict[str, Any] = {"chunk": read.chunk if read else 0, "held": read.held if read else 0, "masked": masked}
    if isinstance(model, UNetModel):
        array = model_image(model, image)
        unet, grid = UNetWork.of(model, array.dtype.itemsize, **stored), model_grid(model, array.shape[1:], block)
        seconds = calibrated_unet_seconds(model, image, grid) if calibrate else None  # type: ignore[arg-type]
        return _planned(unet, grid, workers, threads, limit, seconds)
    if model is None:
        array = image_array(image, axes_of(size))
        lattice = lattice_of(array, size)
        parameters = SuperpixelParameters(lattice.size, iterations=iterations, sigma=sigma, colour=colour)
        recipe = Recipe(array.shape[0], parameters, features)
        network = GNNConfig(len(recipe.node_columns), len(recipe.edge_columns), classes, width=width, layers=layers)
    else:
        array, recipe, network = model_image(model, image), model.recipe, model.network.config
        lattice = lattice_of(array, recipe.superpixels.size)
    check_channels(array.shape[0], array.dtype, recipe.superpixels)
    work = Work(recipe, network, array.dtype.itemsize, probabilities=probabilities, **stored)
    grid = BlockGrid.of(lattice, block)
    seconds = calibrated_seconds(work, image, grid, model) if calibrate else None  # type: ignore[arg-type]
    return _planned(work, grid, workers, threads, limit, seconds)


def recommended_block(work: AnyWork, lattice: Lattice, limit: int, workers: int, threads: int) -> int | None:
    """Return the block with which a worker stays within `limit` bytes and little is read twice; None if none does.

    Parameters
    ----------
    work : Work or UNetWork
        What is done with a block.
    lattice : Lattice
        Of the image.
    limit : int
        Bytes that a worker may hold.
    workers, threads : int
        Processes, and tasks that each runs at a time: there should be blocks for all of them.
    """
    fitting = [(side, grid) for side, grid in _grids(lattice) if work.memory_of_worker(grid, threads) <= limit]
    busy = [(side, grid) for side, grid in fitting if len(grid) >= BLOCKS_PER_THREAD * workers * threads]
    choice = [(work.pixels_read(grid), side) for side, grid in busy or fitting[:1]]
    return min((side for read, side in choice if read <= AS_GOOD * min(choice)[0]), default=None)


def _advice(block: int | None) -> str:
    return "no block does" if block is None else f"block={block} does"


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ParameterError(f"{name} is {count}; it must be at least 1")


def _grids(lattice: Lattice) -> Iterator[tuple[int, BlockGrid]]:
    return ((side, BlockGrid.of(lattice, side)) for side in SIDES[len(lattice.shape)])


def _planned(
    work: AnyWork, grid: BlockGrid, workers: int, threads: int, limit: int, seconds_of_one: float | None
) -> Plan:
    lattice, pixels = grid.lattice, math.prod(grid.lattice.shape)
    memory = work.memory_of_worker(grid, threads)
    superpixels, edges = work.rows(lattice)
    return Plan(
        extent=lattice.shape,
        block=tuple(cells * size for cells, size in zip(grid.block_cells, lattice.size, strict=True)),
        blocks=len(grid),
        tasks=work.passes * len(grid) + Pyramid.of(grid).number_of_tiles,
        workers=workers,
        threads=threads,
        read_per_kept=work.pixels_read(grid) / pixels,
        computed_per_kept=work.pixels_computed(grid) / pixels,
        superpixels=superpixels,
        edges=edges,
        memory_per_worker=memory,
        memory_in_all=work.memory_in_all(grid, workers, threads),
        memory_limit=limit,
        memory_usable=usable(limit),
        fits=memory <= usable(limit),
        disk=work.disk(grid),
        recommended_block=recommended_block(work, lattice, usable(limit), workers, threads),
        seconds=None if seconds_of_one is None else seconds_of_one / (workers * threads),
    )
