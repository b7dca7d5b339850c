"""Fit a model on images with annotations: the way from files to a model in one call."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client

from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.cluster.active_client import active_client, client_sharing
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, axis_names
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.lattice import spacing
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.settings import answers
from terrazzo.training.gnn.fit_gnn import as_model
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.gnn.fit_streamed import fit_streamed, write_graphs
from terrazzo.training.gnn.train_network import FittedNetwork
from terrazzo.training.rules.annotated_inputs import annotated_inputs
from terrazzo.training.rules.named_classes import ClassNames
from terrazzo.training.rules.seen_intensities import seen_intensities
from terrazzo.training.rules.split_sources import readable_inputs
from terrazzo.training.rules.training import GNNTraining


@shows_progress
@answers(superpixels=SuperpixelParameters, network=GNNSettings, training=GNNTraining)
def fit(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    size: int | Sequence[int] | None = None,
    masks: Sequence[MaskLike | None] | None = None,
    class_names: ClassNames | None = None,
    superpixels: SuperpixelParameters | None = None,
    features: FeatureSet = DEFAULT_FEATURES,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
) -> Model:
    """Build the region graph of each image and train a graph neural network on them.

    Only blocks near annotated pixels are computed. Their graphs are held in memory, or stream from disk in batches.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels. With three sizes an array with three axes is (z, y, x).
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    size : int or sequence of int, optional
        The spacing of superpixels in pixels, for all axes or for each: 16, unless `superpixels` say it.
    masks : sequence, optional
        For each image a mask as for `superpixels`, or None. Annotated pixels outside count for nothing.
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, or a colour `#rrggbb` for each name; by default those of the annotations, such as QuPath's,
        and without names there are as many classes as the annotations hold.
    superpixels : SuperpixelParameters, optional
        All that decides the superpixels; it goes with the model.
    features : tuple of Statistic
        What is measured on each superpixel.
    network : GNNSettings
        The shape of the network.
    training : GNNTraining
        How long, how fast, on what and where it is trained, and whether graphs stream.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If an image, its annotation and its mask do not fit, images have different axes or channels, or the scratch
        folder cannot be written.
    ParameterError
        If a parameter is out of range, or the annotation cannot be learned from.

    Examples
    --------
    >>> import terrazzo as tz
    >>> quick = tz.GNNTraining(epochs=30, seed=1)
    >>> model = tz.fit(images, annotations, size=8, training=quick)  # doctest: +SKIP
    """
    given = superpixels.size if size is None and superpixels is not None else size
    inputs = annotated_inputs(images, annotations, class_names, None if given is None else axes_of(given))
    inside = _checked_masks(masks, len(images))
    choose_device(training.device)
    recipe = Recipe(inputs.channels, _superpixels(size, superpixels, inputs.axes), features)
    annotated: list[AnnotatedImage] = []
    for image, array, plane, mask in zip(images, inputs.pixels, inputs.planes, inside, strict=True):
        with about(path := image.path if isinstance(image, Image) else ""):
            whole = annotated_image(
                array, plane, recipe=recipe, classes=inputs.classes, mask=mask, block=training.block
            )
            annotated.append(replace(whole, path=path).near_annotation(cells_needed(network.layers)))
    seen = seen_intensities(images, readable_inputs(inputs)[0], [one.mask for one in annotated])
    fitted, seconds = fit_annotated(annotated, network, training, active_client())
    return as_model(fitted, recipe, inputs.class_names, inputs.colours, *inputs.pixel_size, seconds, seen)


def _checked_masks(masks: Sequence[MaskLike | None] | None, images: int) -> Sequence[MaskLike | None]:
    if masks is not None and (not isinstance(masks, list | tuple) or len(masks) != images):
        raise ParameterError("masks must be a list with one mask, or None, for each image")
    return [None] * images if masks is None else masks


def _superpixels(
    size: int | Sequence[int] | None, superpixels: SuperpixelParameters | None, axes: int
) -> SuperpixelParameters:
    """Return the superpixels that are asked for, on so many axes."""
    if superpixels is None:
        return SuperpixelParameters(spacing(SuperpixelParameters.size[0] if size is None else size, axes))
    if size is not None and spacing(size, axes) != superpixels.size:
        raise ParameterError(
            f"size is {size} and the superpixels' own is {superpixels.size}; leave one of them out, or make them equal"
        )
    if len(superpixels.size) != axes:
        raise ParameterError(
            f"the superpixels' size is {superpixels.size} and the images have {axes} axes {axis_names(axes)}; give one "
            "size per axis"
        )
    return superpixels


MOST_NODES_IN_MEMORY = 2**20
"""Cells near annotated pixels above which graphs stay on disk: a fit of so many, with one channel, peaks at 2.3 GiB."""


def fit_annotated(
    annotated: Sequence[AnnotatedImage], network: GNNSettings, training: GNNTraining, client: Client | None = None
) -> tuple[FittedNetwork, float]:
    """Return a network trained on the wanted blocks of annotated images, and the seconds that training took.

    Parameters
    ----------
    annotated : sequence of AnnotatedImage
        With one recipe and one number of classes.
    network : GNNSettings
    training : GNNTraining
        Its seconds are those of the graphs and of training together.
    client : distributed.Client, optional
        Where graphs are made that go to disk, if all its workers see the scratch folder; those in memory are made where
        Dask computes.
    """
    train = partial(_timed, network=network, training=training, began=time.monotonic())
    if not _streams(annotated, training):
        return train(fit_network, *_graphs(annotated, network.layers))
    with _scratch(training.scratch) as folder:
        client = client_sharing(folder, client)
        graphs = write_graphs(annotated, folder, client)
        return train(fit_streamed, graphs, annotated[0].classes, client=client)


def _streams(annotated: Sequence[AnnotatedImage], training: GNNTraining) -> bool:
    """Return whether graphs stay on disk: as asked, or where they might have too many nodes."""
    if training.streaming == "auto":
        return training.split is None and sum(one.cells for one in annotated) > MOST_NODES_IN_MEMORY
    return training.streaming


def _timed(train: Callable[..., FittedNetwork], *given: Any, **settings: Any) -> tuple[FittedNetwork, float]:
    began = time.perf_counter()
    return train(*given, **settings), time.perf_counter() - began


@contextmanager
def _scratch(parent: str | Path | None) -> Iterator[Path]:
    """Make a folder for graphs, and remove it in the end."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="terrazzo-", dir=parent)
    except OSError as error:
        raise InputError(f"graphs cannot be written to '{parent}': {error}; choose another scratch folder") from error
    with folder as path:
        yield Path(path)


def _graphs(annotated: Sequence[AnnotatedImage], layers: int) -> tuple[list[RegionGraph], list[NodeTargets]]:
    """Return of each graph the nodes that are annotated with the ring that their logits depend on."""
    graphs: list[RegionGraph] = []
    targets: list[NodeTargets] = []
    for one in annotated:
        with about(one.path):
            graph, target = lazy_annotated_graph(one).compute()
        rows = graph.ring(np.flatnonzero(target.annotated), layers)
        graphs.append(graph.subgraph(rows))
        targets.append(NodeTargets(target.counts[rows]))
        tell(Step("graphs", len(graphs), len(annotated)))
    return graphs, targets
