"""Fit a nested graph network on a sample of blocks of images, without annotation."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.estimates import estimated, estimates_of
from terrazzo.blockwise.inputs.image_array import ImageLike, image_array, lattice_of
from terrazzo.blockwise.inputs.windows import Readable
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.lattice import Lattice, spacing
from terrazzo.models.device import choose_device
from terrazzo.models.nested.embed_block import regions_of_cells
from terrazzo.models.nested.model import NESTED_FEATURES, NestedModel, channel_columns
from terrazzo.models.nested.network import Prepared
from terrazzo.models.nested.settings import PLAIN_K, NestedSettings
from terrazzo.models.passes.declared import Pass
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.palette import class_colours
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.compared_channels import check_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.settings import answers
from terrazzo.training.nested.fit_clusters import fit_clusters
from terrazzo.training.nested.nodes import channel_scaling, check_table
from terrazzo.training.nested.settings import NestedTraining
from terrazzo.training.nested.train import train
from terrazzo.training.rules.annotated_inputs import common_axes, common_pixel_size
from terrazzo.training.rules.seen_intensities import seen_intensities

_log = logging.getLogger(__name__)

REGIONS_ACROSS = 4
"""How many regions wide a block of the sample is."""

# Pixels between blocks of the sample, so that what is near is of one block.
_APART = 1e9


@shows_progress
@answers(superpixels=SuperpixelParameters, network=NestedSettings, training=NestedTraining)
def fit_nested(
    images: Sequence[ImageLike],
    *,
    size: int | Sequence[int] | None = None,
    superpixels: SuperpixelParameters | None = None,
    network: NestedSettings = NestedSettings(),
    training: NestedTraining = NestedTraining(),
) -> NestedModel:
    """Fit a nested graph network on a sample of blocks of images, without annotation.

    Superpixels are embedded by what their channels do together in the region around them and by their neighbours; the
    clusters of what they are embedded as are the classes of the model, `domain 1`, the largest of the sample, and so
    on. Only the blocks of the sample are read.

    Parameters
    ----------
    images : sequence of Image or array, each (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same channels.
    size : int or sequence of int, optional
        The spacing of superpixels in pixels, for all axes or for each: 16, unless `superpixels` say it.
    superpixels : SuperpixelParameters, optional
        All that decides the superpixels; it goes with the model.
    network : NestedSettings
    training : NestedTraining

    Returns
    -------
    NestedModel

    Raises
    ------
    InputError
        If images have different axes or channels, hold fewer than two channels that vary, or a pixel is NaN or
        infinite.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> import terrazzo as tz
    >>> model = tz.fit_nested([tz.open_image("core.ome.tif")])  # doctest: +SKIP
    >>> tz.write_model(model, "domains.safetensors")  # doctest: +SKIP
    """
    began = time.monotonic()
    device = choose_device(training.device)
    if not isinstance(images, list | tuple) or not images:
        raise ParameterError("images must be a list with at least one image; write fit_nested([image])")
    arrays, recipe = _measured_by(images, size, superpixels)
    k = PLAIN_K if network.k is None else network.k
    settings = replace(network, k=k, centred=network.centred is not False)
    readable = [_readable(*pair) for pair in zip(images, arrays, strict=True)]
    parts = list(_sample(images, arrays, readable, recipe, settings, training))
    table = np.concatenate([part.node_features[:, channel_columns(recipe)] for _, part in parts])
    check_table(table, tuple(f"channel {channel}" for channel in range(recipe.channels)))
    scaling = channel_scaling(table)
    graph = NestedGraph.joined([_nested(*part, recipe, scaling.nodes, settings) for part in parts])
    _say_one_region(graph)
    positions = np.concatenate([part.positions + number * _APART for number, (_, part) in enumerate(parts)])
    trained = train(graph, positions, settings, training, device)
    with torch.inference_mode():
        moved = trained.network.to(device)
        embedding = moved.embedding(Prepared.of(graph, settings, device)).cpu().numpy()
    clusters = fit_clusters(embedding, training)
    pixel_size, pixel_unit = common_pixel_size(images)
    figures = {"superpixels": float(len(table)), "domains": float(clusters.number), **trained.figures}
    return NestedModel(
        moved.cpu(),
        scaling,
        clusters,
        recipe,
        tuple(f"domain {value + 1}" for value in range(clusters.number)),
        tuple(class_colours(clusters.number, ())),
        pixel_size,
        figures | {"seconds": time.monotonic() - began},
        pixel_unit,
        seen_intensities(images, readable),
    )


def _measured_by(
    images: Sequence[ImageLike], size: int | Sequence[int] | None, superpixels: SuperpixelParameters | None
) -> tuple[list[da.Array], Recipe]:
    """Return the images as arrays, and what decides their superpixels and what is measured of them, checked."""
    if size is not None and superpixels is not None:
        raise ParameterError("size and superpixels are both given; give the size in superpixels alone")
    arrays = [image_array(image, None if size is None or np.ndim(size) == 0 else len(size)) for image in images]  # type: ignore[arg-type]
    axes, channels = common_axes(arrays)
    made_by = superpixels or SuperpixelParameters(spacing(16 if size is None else size, axes))
    for array in arrays:
        check_channels(channels, array.dtype, made_by)
    return arrays, Recipe(channels, made_by, NESTED_FEATURES)


def _say_one_region(graph: NestedGraph) -> None:
    if len(graph.inner) == 1:
        _log.warning(
            "the sample of the images is one region, with one graph of channels: what differs from place to place in "
            "their correlation is not seen; give larger images, or smaller superpixels or regions"
        )


def _readable(image: ImageLike, array: da.Array) -> Readable:
    return image.stored if isinstance(image, Image) else array


def _sample(
    images: Sequence[ImageLike],
    arrays: Sequence[da.Array],
    readable: Sequence[Readable],
    recipe: Recipe,
    settings: NestedSettings,
    training: NestedTraining,
) -> Iterator[tuple[Lattice, BlockGraph]]:
    """Yield what blocks own that are spread evenly over the images."""
    passes, client = (superpixels_pass(recipe),), active_client()
    each, read, found = max(1, training.blocks // len(images)), 0, 0
    for image, array, pixels in zip(images, arrays, readable, strict=True):
        lattice = lattice_of(array, recipe.superpixels.size)
        grid = BlockGrid(lattice, (REGIONS_ACROSS * settings.region,) * len(lattice.shape))
        number = min(each, len(grid))
        wanted = {len(grid) * (2 * place + 1) // (2 * number) for place in range(number)}
        blocks = [block for place, block in enumerate(grid.along_curve()) if place in wanted]
        path = image.path if isinstance(image, Image) else ""
        sources = Sources(pixels, estimates=estimated(estimates_of(passes), array, None, client), path=path)
        rows = dict(run_blocks(_rows, blocks, passes, sources, client=client))
        for block in blocks:
            read += 1
            tell(Step("blocks", read, each * len(images)))
            if rows[block].ids.size:
                found += 1
                yield lattice, rows[block]
    if not found:
        raise InputError("the sample of the images holds no superpixel; give images with pixels")


def _rows(block: Block, passes: tuple[Pass, ...], sources: Sources) -> tuple[Block, BlockGraph]:
    return block, given_of(passes, block, sources)["rows"]


def _nested(lattice: Lattice, part: BlockGraph, recipe: Recipe, scaled: Any, settings: NestedSettings) -> NestedGraph:
    """Return what a block owns with the graphs of channels of its regions, which it holds whole."""
    graph = merge([part], recipe.node_columns, recipe.edge_columns)
    places = regions_of_cells(lattice.cells_of(graph.ids), lattice, settings.region)
    regions: NDArray[np.int64] = np.unique(places, return_inverse=True)[1].astype(np.int64)
    values = scaled(graph.node_features[:, channel_columns(recipe)])
    return NestedGraph.of(values, graph.edge_index, regions, settings.k or 0.0, bool(settings.centred))
