"""What a run would take, before it runs: blocks, tasks, memory, disk and time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.available_memory import bytes_of, memory_of_machine, usable
from terrazzo.blockwise.cluster.cluster import processes_and_threads
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, image_array, lattice_of
from terrazzo.blockwise.inputs.model_image import model_image
from terrazzo.blockwise.planning.calibrate import calibrated_seconds
from terrazzo.blockwise.planning.work import Work, reading_of, recommended_block
from terrazzo.errors import InputError, ParameterError
from terrazzo.html import table
from terrazzo.io.images.image import Image
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.memory import Reading, readable_bytes
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.kinds import unfitted
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.wording import by, counted, lengths, readable_seconds


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
        How many; each block has one task in each of the model's passes, and 16 blocks or fewer have one for coarser
        levels.
    workers, threads : int
        Processes, and tasks that each runs at a time.
    read_per_kept : float
        Pixels read over pixels of the image.
    computed_per_kept : float
        Pixels computed over pixels of the image; of superpixels those that an iteration assigns, on average.
    superpixels, edges : int
        At most so many rows, 0 where there are no superpixels; what is more than three edges per superpixel in a volume
        is an estimate.
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
    model: FittedModel | SuperpixelParameters | None = None,
    *,
    block: int | None = None,
    workers: int | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    masked: bool = False,
    probabilities: bool = False,
    calibrate: bool = False,
) -> Plan:
    """Say what `write_prediction` of an image would take; no pixel is read unless it calibrates.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        What would be predicted. For an array, reading it costs nothing.
    model : fitted model or SuperpixelParameters, optional
        With what. `SuperpixelParameters` stand for a lattice network of the default shape on such superpixels, and None
        for one on those that a fit makes where nobody says a size.
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

    Examples
    --------
    >>> import dask.array as da, terrazzo as tz
    >>> image = da.zeros((30_000, 20_000), dtype="u1", chunks=4096)
    >>> tz.plan(image, tz.SuperpixelParameters(8), workers=4, threads=1).blocks
    150
    """
    if workers is None:
        workers, most = processes_and_threads(CPU_COUNT, MEMORY_LIMIT)
        threads = most if threads is None else threads
    threads = 1 if threads is None else threads
    _check_counts(workers=workers, threads=threads)
    limit = bytes_of(memory_limit) if memory_limit is not None else memory_of_machine() // workers
    if calibrate and not isinstance(image, Image):
        raise InputError("only a stored image can be calibrated; write the array with write_ome_zarr first")
    if model is None or isinstance(model, SuperpixelParameters):
        size = FITTED_SIZE if model is None else model.size
        array = image_array(image, axes_of(size))
        model = unfitted(array.shape[0], model or SuperpixelParameters(lattice_of(array, size).size))
    array = model_image(model, image)
    if isinstance(image, Image):
        reading = reading_of(image, masked=masked, probabilities=probabilities)
    else:
        reading = Reading(array.dtype.itemsize, masked=masked, probabilities=probabilities)
    work, grid = Work.of(model, reading), model.grid(array.shape[1:], block)
    seconds = calibrated_seconds(work, image, grid) if calibrate and isinstance(image, Image) else None
    return _planned(work, grid, workers, threads, limit, seconds)


def _advice(block: int | None) -> str:
    return "no block does" if block is None else f"block={block} does"


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ParameterError(f"{name} is {count}; it must be at least 1")


def _planned(work: Work, grid: BlockGrid, workers: int, threads: int, limit: int, seconds_of_one: float | None) -> Plan:
    lattice, pixels = grid.lattice, math.prod(grid.lattice.shape)
    memory = work.memory_of_worker(grid, threads)
    superpixels, edges = work.model.most_rows(grid)
    return Plan(
        extent=lattice.shape,
        block=tuple(cells * size for cells, size in zip(grid.block_cells, lattice.size, strict=True)),
        blocks=len(grid),
        tasks=len(work.passes) * len(grid) + Pyramid.of(grid).number_of_tiles,
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
        recommended_block=recommended_block(work, lattice.shape, usable(limit), workers, threads),
        seconds=None if seconds_of_one is None else seconds_of_one / (workers * threads),
    )
