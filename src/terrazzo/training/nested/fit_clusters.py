"""Which embeddings belong together? Clusters, as many as are asked for or as a criterion chooses."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.models.nested.clusters import Clusters
from terrazzo.training.nested.settings import NestedTraining

DIRECTIONS = 20
"""In how many main directions of the embedding, at most, clusters are looked for."""

# More nodes than this change no cluster: of a larger table so many are drawn.
MOST_ROWS = 20_000
STARTS = 5
NEIGHBOURS = 15

Labels = NDArray[np.int64]


def fit_clusters(embedding: NDArray[np.float32], training: NestedTraining) -> Clusters:
    """Return the clusters of an embedding, the largest first.

    Parameters
    ----------
    embedding : ndarray of float32, shape (N, D)
    training : NestedTraining
        With the way, the number and the seed.

    Raises
    ------
    ParameterError
        If there are fewer nodes than clusters, or leidenalg is asked for and cannot be imported.
    """
    wanted = training.domains or 1
    if len(embedding) <= wanted:
        raise ParameterError(
            f"{len(embedding)} nodes cannot be clustered into {wanted} domains; ask for fewer domains or give more "
            "nodes"
        )
    rng = np.random.default_rng(training.seed)
    if len(embedding) > MOST_ROWS:
        embedding = embedding[np.sort(rng.choice(len(embedding), MOST_ROWS, replace=False))]
    rows = embedding.astype(np.float64)
    middle = rows.mean(axis=0)
    axes = _main_directions(rows - middle)
    projected = (rows - middle) @ axes
    labels = _FITS[training.clustering](projected, training)
    centres, covariance, shares = _moments(projected, labels)
    if training.clustering == "kmeans":
        covariance = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
        shares = np.full(len(shares), 1 / len(shares))
    # a little more than nothing, so that clusters without spread have a covariance as well
    covariance += np.eye(len(covariance)) * (1e-6 * np.trace(covariance) / len(covariance) + 1e-12)
    root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return Clusters(middle, axes, centres, np.ascontiguousarray(root), np.log(shares))


def _main_directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the main directions, scaled so that along the first the deviation is 1."""
    variances, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    number = int((variances > 1e-9 * max(variances[0], 1e-300)).sum())
    kept: NDArray[np.float64] = vectors[:, : max(1, min(DIRECTIONS, number, len(rows) - 1))]
    return np.ascontiguousarray(kept / np.sqrt(variances[0] if variances[0] > 0 else 1.0))


def _moments(
    rows: NDArray[np.float64], labels: Labels
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres of clusters, the largest first, their common covariance and their shares."""
    values, counts = np.unique(labels, return_counts=True)
    order = values[np.argsort(-counts, kind="stable")]
    centres = np.stack([rows[labels == value].mean(axis=0) for value in order])
    rank = np.empty(int(values.max()) + 1, np.int64)
    rank[order] = np.arange(len(order))
    rest = rows - centres[rank[labels]]
    return centres, rest.T @ rest / len(rows), np.sort(counts)[::-1] / len(rows)


def _gaussian(rows: NDArray[np.float64], training: NestedTraining) -> Labels:
    from sklearn.mixture import GaussianMixture

    def fitted(number: int) -> tuple[float, Labels]:
        mixture = GaussianMixture(
            number, covariance_type="tied", n_init=STARTS, random_state=training.seed, reg_covar=1e-6
        ).fit(rows)
        return mixture.bic(rows), mixture.predict(rows)

    return _chosen(fitted, len(rows), training)


def _kmeans(rows: NDArray[np.float64], training: NestedTraining) -> Labels:
    from sklearn.cluster import KMeans

    nodes, directions = rows.shape

    def fitted(number: int) -> tuple[float, Labels]:
        found = KMeans(number, n_init=STARTS, random_state=training.seed).fit(rows)
        # as of Gaussians of one width and equal weights, to which each node belongs whole
        variance = max(found.inertia_ / (nodes * directions), 1e-300)
        likelihood = -0.5 * nodes * directions * (np.log(2 * np.pi * variance) + 1) - nodes * np.log(number)
        return (number * directions + 1) * np.log(nodes) - 2 * likelihood, found.labels_.astype(np.int64)

    return _chosen(fitted, nodes, training)


def _chosen(fitted: Callable[[int], tuple[float, Labels]], nodes: int, training: NestedTraining) -> Labels:
    """Return the clusters of the number that is asked for, or of that with the lowest information criterion."""
    if training.domains is not None:
        return fitted(training.domains)[1]
    most = min(training.most_domains, nodes - 1)
    return min((fitted(number) for number in range(min(2, most), most + 1)), key=lambda found: found[0])[1]


def _leiden(rows: NDArray[np.float64], training: NestedTraining) -> Labels:
    from sklearn.neighbors import kneighbors_graph

    igraph, leidenalg = _imported("igraph"), _imported("leidenalg")
    near = kneighbors_graph(rows, min(NEIGHBOURS, len(rows) - 1)).tocoo()
    edges = np.unique(np.sort(np.stack([near.row, near.col], axis=1), axis=1), axis=0)
    found = leidenalg.find_partition(
        igraph.Graph(len(rows), edges.tolist()),
        leidenalg.RBConfigurationVertexPartition,
        resolution_parameter=training.resolution,
        seed=training.seed,
    )
    return np.array(found.membership, np.int64)


_FITS: dict[str, Callable[[NDArray[np.float64], NestedTraining], Labels]] = {
    "gaussian": _gaussian,
    "kmeans": _kmeans,
    "leiden": _leiden,
}


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ParameterError(
            f"clustering 'leiden' needs {name}, which cannot be imported ({error}); pip install 'terrazzo[leiden]', or "
            "use 'gaussian' or 'kmeans'"
        ) from error
