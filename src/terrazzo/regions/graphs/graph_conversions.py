"""A region graph as the graphs of other packages, which are loaded when they are asked for."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError


class GraphConversions:
    """What turns the arrays of a graph into what other packages work on.

    Every undirected edge is there once; packages whose edges have a direction get it both ways, first all low to high,
    then all high to low.
    """

    ids: NDArray[np.unsignedinteger[Any]]
    positions: NDArray[np.float64]
    areas: NDArray[np.uint32]
    node_features: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    edge_features: NDArray[np.float32]
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]

    def to_dgl(self) -> Any:
        """Return a DGL graph with every edge in both directions.

        Returns
        -------
        dgl.DGLGraph
            ``ndata`` holds "features", "position", "area" and "id" (int64), ``edata`` holds "features".

        Raises
        ------
        ParameterError
            If DGL cannot be imported.
        """
        os.environ.setdefault("DGLBACKEND", "pytorch")
        dgl, torch = _imported("to_dgl", "dgl", "dgl"), _imported("to_dgl", "torch", "torch")
        graph = dgl.graph(tuple(torch.tensor(self._both_ways())), num_nodes=len(self.ids))
        graph.ndata["features"] = torch.tensor(self.node_features)
        graph.ndata["position"] = torch.tensor(self.positions)
        graph.ndata["area"] = torch.tensor(self.areas.astype(np.int64))
        graph.ndata["id"] = torch.tensor(self.ids.astype(np.int64))
        graph.edata["features"] = torch.tensor(self.edge_features).repeat(2, 1)
        return graph

    def to_pyg(self) -> Any:
        """Return a PyTorch Geometric graph with every edge in both directions.

        Returns
        -------
        torch_geometric.data.Data
            ``x`` (N, F), ``edge_index`` (2, 2E), ``edge_attr`` (2E, G), ``pos`` (N, 2) or (N, 3) float32 in the order
            (y, x) or (z, y, x), ``area`` and ``id`` (int64).

        Raises
        ------
        ParameterError
            If PyTorch Geometric cannot be imported.
        """
        data = _imported("to_pyg", "torch_geometric.data", "'terrazzo[pyg]'")
        torch = _imported("to_pyg", "torch", "torch")
        return data.Data(
            x=torch.tensor(self.node_features),
            edge_index=torch.tensor(self._both_ways()),
            edge_attr=torch.tensor(self.edge_features).repeat(2, 1),
            pos=torch.tensor(self.positions.astype(np.float32)),
            area=torch.tensor(self.areas.astype(np.int64)),
            id=torch.tensor(self.ids.astype(np.int64)),
        )

    def to_networkx(self) -> Any:
        """Return an undirected NetworkX graph whose nodes are the region ids.

        Returns
        -------
        networkx.Graph
            Nodes carry "position", "area" and "features", edges carry "features".

        Raises
        ------
        ParameterError
            If NetworkX cannot be imported.
        """
        graph = _imported("to_networkx", "networkx", "'terrazzo[networkx]'").Graph()
        graph.add_nodes_from(self._attributed_nodes())
        low, high = self.ids[self.edge_index].tolist()
        graph.add_edges_from(zip(low, high, ({"features": row} for row in self.edge_features), strict=True))
        return graph

    def to_anndata(self) -> Any:
        """Return an AnnData table of the nodes, with the keys that squidpy looks for.

        Returns
        -------
        anndata.AnnData
            ``X`` and ``var_names`` are the features, ``obs_names`` the ids, ``obs["area"]`` the areas.
            ``obsm["spatial"]`` holds centroids in the order (x, y) or (x, y, z), in pixels.
            ``obsp["spatial_connectivities"]`` is 1 for each pair of neighbours and ``obsp["spatial_distances"]`` the
            distance of their centroids, as ``uns["spatial_neighbors"]`` says; each edge feature has a symmetric matrix
            of its own in ``obsp``.

        Raises
        ------
        ParameterError
            If AnnData cannot be imported.
        """
        anndata, pandas = (_imported("to_anndata", name, "'terrazzo[anndata]'") for name in ("anndata", "pandas"))
        # plain objects: AnnData cannot write the strings of pandas 3
        ids, columns = (pandas.Index(names, dtype=object) for names in (self.ids.astype(str), self.node_columns))
        low, high = self.edge_index
        distances = np.linalg.norm(self.positions[low] - self.positions[high], axis=1)
        of_pairs = {"spatial_connectivities": np.ones(len(low)), "spatial_distances": distances}
        of_pairs |= dict(zip(self.edge_columns, self.edge_features.T, strict=True))
        return anndata.AnnData(
            self.node_features,
            obs=pandas.DataFrame({"area": self.areas}, index=ids),
            var=pandas.DataFrame(index=columns),
            obsm={"spatial": self.positions[:, ::-1].copy()},
            obsp={name: self._matrix(values) for name, values in of_pairs.items()},
            uns={
                "spatial_neighbors": {
                    "connectivities_key": "spatial_connectivities",
                    "distances_key": "spatial_distances",
                    "params": {"coord_type": "generic", "neighbours": "regions that share a boundary"},
                }
            },
        )

    def _both_ways(self) -> NDArray[np.int64]:
        return np.concatenate([self.edge_index, self.edge_index[::-1]], axis=1)

    def _attributed_nodes(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = zip(self.ids.tolist(), self.positions.tolist(), self.areas.tolist(), self.node_features, strict=True)
        for region, position, area, features in rows:
            yield region, {"position": tuple(position), "area": area, "features": features}

    def _matrix(self, values: NDArray[Any]) -> Any:
        """Return a value per edge as a symmetric sparse matrix."""
        from scipy.sparse import csr_matrix

        nodes = len(self.ids)
        return csr_matrix((np.tile(values, 2), tuple(self._both_ways())), shape=(nodes, nodes))


def _imported(method: str, module: str, install: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ParameterError(
            f"{method} needs {name}, which cannot be imported ({error}); pip install {install}"
        ) from error
