"""What nodes were embedded as: numbers, domains, and which channels attend to which."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.html import table
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.wording import counted, figures_text


@dataclass(frozen=True, eq=False)
class AttentionTable:
    """How much channels attend to each other, in the mean of the nodes of each region: a row for each edge.

    Parameters
    ----------
    region : ndarray of int32, shape (A,)
    source, place : ndarray of int32, shape (A,)
        The channel that is heard and the channel that hears it, by their number.
    share : ndarray of float32, shape (A,)
        Which share of what the latter hears comes from the former: of a channel in a region they sum to 1.
    """

    region: NDArray[np.int32]
    source: NDArray[np.int32]
    place: NDArray[np.int32]
    share: NDArray[np.float32]

    def pairs(self, weights: NDArray[np.floating], channels: int) -> Any:
        """Return the mean over regions, with these weights, as a sparse matrix (G, G): rows hear columns."""
        from scipy.sparse import csr_matrix

        parts = self.share * weights[self.region] / max(float(weights.sum()), 1e-300)
        return csr_matrix((parts.astype(np.float32), (self.place, self.source)), shape=(channels, channels))


@dataclass(frozen=True, eq=False)
class Embedding:
    """What nodes were embedded as.

    Parameters
    ----------
    embedding : ndarray of float32, shape (N, width)
    domains : ndarray of int64, shape (N,)
        The domain of each node; 0 is the largest.
    probabilities : ndarray of float32, shape (N, C)
        Of each domain: its share among the nodes nearest to a node or, without a majority, that of the clusters.
    regions : ndarray of int64, shape (N,)
        In which graph of channels each node is.
    attention : AttentionTable or None
        None where there are no inner graphs.
    channels : tuple of str
    k : float
        How many channels each one heard on the average, itself included.
    fitted : dict
        How the fit went: numbers for people.
    source : RegionGraph or AnnData
        What was embedded.
    """

    embedding: NDArray[np.float32]
    domains: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    regions: NDArray[np.int64]
    attention: AttentionTable | None
    channels: tuple[str, ...]
    k: float
    fitted: dict[str, float]
    source: Any

    def to_anndata(self) -> Any:
        """Return an AnnData table: a copy of what was embedded, with what it was embedded as.

        Returns
        -------
        anndata.AnnData
            ``obsm["X_terrazzo"]`` is the embedding, ``obs["domain"]`` the domain and ``obs["region"]`` the region.
            ``varp["attention"]`` is the attention between channels in the mean of all nodes and
            ``varp["attention_DOMAIN"]`` of those of a domain: rows hear columns. ``uns["terrazzo"]`` holds `k`, the
            figures of the fit and, for each region, the attention of each edge.

        Raises
        ------
        ParameterError
            If AnnData cannot be imported.
        """
        graph = isinstance(self.source, RegionGraph)
        found = self.source.to_anndata() if graph else self.source.copy()
        pandas = importlib.import_module("pandas")
        found.obsm["X_terrazzo"] = self.embedding
        # plain objects: AnnData cannot write the strings of pandas 3
        names = pandas.Index([str(value) for value in range(self.probabilities.shape[1])], dtype=object)
        found.obs["domain"] = pandas.Categorical.from_codes(self.domains, names)
        found.obs["region"] = self.regions
        about: dict[str, Any] = {"k": self.k, "fitted": self.fitted}
        if self.attention is not None:
            about["attention"] = vars(self.attention).copy()
            for key, inside in self._domains():
                weights = np.bincount(self.regions[inside], minlength=int(self.regions.max()) + 1).astype(np.float64)
                found.varp[key] = self._of_variables(found, self.attention.pairs(weights, len(self.channels)))
        found.uns["terrazzo"] = about
        return found

    def _domains(self) -> list[tuple[str, NDArray[np.bool_]]]:
        everyone = [("attention", np.ones(len(self.domains), np.bool_))]
        return everyone + [(f"attention_{value}", self.domains == value) for value in np.unique(self.domains)]

    def _of_variables(self, found: Any, pairs: Any) -> Any:
        """Return a matrix of channels as one of all variables of a table."""
        from scipy.sparse import csr_matrix

        names = list(map(str, found.var_names))
        if tuple(names) == self.channels:
            return pairs
        places, cells = np.array([names.index(channel) for channel in self.channels]), pairs.tocoo()
        return csr_matrix((cells.data, (places[cells.row], places[cells.col])), shape=(len(names),) * 2)

    def __repr__(self) -> str:
        nodes, domains = counted(len(self.domains), "node"), counted(self.probabilities.shape[1], "domain")
        return f"<terrazzo.Embedding: {nodes} of {counted(len(self.channels), 'channel')} in {domains}>"

    def _repr_html_(self) -> str:
        sizes = np.bincount(self.domains, minlength=self.probabilities.shape[1])
        rows = {
            "Nodes": f"{len(self.domains):,}, embedded in {self.embedding.shape[1]} numbers",
            "Channels": f"{len(self.channels):,}, each hears {self.k:.3g}",
            "Domains": ", ".join(f"{size:,}" for size in sizes),
            "Fitted": figures_text(self.fitted),
        }
        return table("terrazzo.Embedding", rows)


def check_embeddable(data: Any) -> None:
    """Raise a ParameterError unless something is a region graph or looks like an AnnData table."""
    if not isinstance(data, RegionGraph) and not (hasattr(data, "obsm") and hasattr(data, "var_names")):
        raise ParameterError(
            f"a {type(data).__name__} cannot be embedded; give a RegionGraph, an AnnData with obsm['spatial'] or a "
            "SpatialData with one table, and of an image fit a model with fit_nested"
        )
