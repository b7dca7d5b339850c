"""Embed the nodes of a region graph or of an AnnData table by nested graphs, without annotation."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.models.device import choose_device
from terrazzo.models.nested.majority import votes_of_nearest
from terrazzo.models.nested.network import NestedNetwork, Prepared
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.progress import shows_progress
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.settings import answers
from terrazzo.training.nested.embedding import AttentionTable, Embedding, check_embeddable
from terrazzo.training.nested.fit_clusters import fit_clusters
from terrazzo.training.nested.nodes import nodes_of_graph, nodes_of_table
from terrazzo.training.nested.settings import NestedTraining
from terrazzo.training.nested.spatial_data import table_of
from terrazzo.training.nested.train import train

_log = logging.getLogger(__name__)

NODES_PER_REGION = 100

# Of more nodes than this k-means looks at a part at a time.
MANY_NODES = 20_000


@shows_progress
@answers(network=NestedSettings, training=NestedTraining)
def embed(
    data: Any,
    *,
    channels: Sequence[str] | None = None,
    layer: str | None = None,
    network: NestedSettings = NestedSettings(),
    training: NestedTraining = NestedTraining(),
) -> Embedding:
    """Embed nodes by what their channels do together around them, and find domains, without annotation.

    In each region of about 100 nodes, found by k-means of their positions, channels that rise and fall together are
    neighbours in a graph. A network lets channels hear each other there, then nodes their neighbours, and learns to
    make again what it saw (STING, doi 10.1101/2025.02.03.636316). Clusters of what nodes are embedded as are domains.

    Parameters
    ----------
    data : RegionGraph, AnnData or SpatialData
        A graph of regions with its own edges; a table of cells or spots with positions in `obsm["spatial"]`, whose
        neighbours are the 3 nearest; or a SpatialData with one table, whose positions are the centroids of the labels
        or shapes that it describes where it has none.
    channels : sequence of str, optional
        Of a region graph: which node features are channels. By default the mean intensities, or else all.
    layer : str, optional
        Of a table: the layer to embed, in place of X. Counts are normalised and their logarithms taken.
    network : NestedSettings
    training : NestedTraining

    Returns
    -------
    Embedding

    Raises
    ------
    InputError
        If there are no positions, a value is not finite, or fewer than two channels vary.
    ParameterError
        If the data are nothing of the above, or a parameter is out of range.

    Examples
    --------
    >>> import terrazzo as tz
    >>> found = tz.embed(adata, training=tz.NestedTraining(domains=7))  # doctest: +SKIP
    >>> found.to_anndata().obs["domain"]  # doctest: +SKIP
    """
    began = time.monotonic()
    device, table = choose_device(training.device), table_of(data)
    check_embeddable(table)
    if isinstance(table, RegionGraph):
        nodes = nodes_of_graph(table, None if channels is None else tuple(channels), network.k)
    else:
        nodes = nodes_of_table(table, layer, network.k)
    settings = replace(network, k=nodes.k, centred=not nodes.counts if network.centred is None else network.centred)
    regions = _regions(nodes.positions, training.seed)
    graph = NestedGraph.of(nodes.values, nodes.edge_index, regions, nodes.k, bool(settings.centred))
    trained = train(graph, nodes.positions, settings, training, device)
    embedding, attention = _embedded(trained.network.to(device), graph, settings, device)
    clusters = fit_clusters(embedding, training)
    probabilities = clusters.probabilities(embedding)
    if settings.nearest:
        votes = probabilities.argmax(axis=1)
        probabilities = votes_of_nearest(nodes.positions, votes, clusters.number, settings.nearest)
    figures = trained.figures | {"domains": float(clusters.number), "seconds": time.monotonic() - began}
    domains = probabilities.argmax(axis=1).astype(np.int64)
    return Embedding(embedding, domains, probabilities, regions, attention, nodes.channels, nodes.k, figures, table)


def _regions(positions: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Return in which of the regions each node is: about one for each 100 nodes."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    number = len(positions) // NODES_PER_REGION
    if number < 2:
        _log.warning(
            "%d nodes are one region, with one graph of channels: what differs from place to place in their "
            "correlation is not seen",
            len(positions),
        )
        return np.zeros(len(positions), np.int64)
    kind = KMeans if len(positions) <= MANY_NODES else MiniBatchKMeans
    found: NDArray[np.int64] = kind(number, n_init=1, random_state=seed).fit_predict(positions).astype(np.int64)
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _embedded(
    network: NestedNetwork, graph: NestedGraph, settings: NestedSettings, device: torch.device
) -> tuple[NDArray[np.float32], AttentionTable | None]:
    with torch.inference_mode():
        prepared = Prepared.of(graph, settings, device)
        embedding: NDArray[np.float32] = network.embedding(prepared).cpu().numpy()
        if network.inner is None:
            return embedding, None
        shares = [np.zeros(len(inner.sources)) for inner in graph.inner]
        for part in prepared.parts:
            rows = prepared.values[torch.from_numpy(part.rows).to(device)].T.contiguous()
            attention = network.inner.first.attention(rows, part.sums)
            shares[graph.regions[part.rows[0]]] += attention.sum(dim=1).cpu().numpy()
    counts = np.bincount(graph.regions, minlength=len(graph.inner))
    edges = [len(inner.sources) for inner in graph.inner]
    region = np.repeat(np.arange(len(edges), dtype=np.int32), edges)
    source = np.concatenate([inner.sources for inner in graph.inner]).astype(np.int32)
    place = np.concatenate([inner.places for inner in graph.inner]).astype(np.int32)
    mean = (np.concatenate(shares) / counts[region]).astype(np.float32)
    return embedding, AttentionTable(region, source, place, mean)
