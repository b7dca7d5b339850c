"""A graph network that nothing was fitted to: of a shape for which a run is planned."""

from __future__ import annotations

import numpy as np

from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.scaling import Scaling


def unfitted_model(recipe: Recipe, classes: int = 2) -> Model:
    """Return a model with random weights of the default shape."""
    nodes, edges = (np.zeros(len(names), np.float32) for names in (recipe.node_columns, recipe.edge_columns))
    names = tuple(f"class {value}" for value in range(classes))
    network = GNN(GNNConfig(nodes.size, edges.size, classes)).eval()
    return Model(network, Scaling(nodes, nodes + 1, edges, edges + 1), recipe, names, ("#000000",) * classes)
