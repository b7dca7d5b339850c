"""Models with random weights: quick to make, and their answers vary from node to node."""

from functools import cache

import numpy as np
import torch
from segmented import blobs, graph_of, grid_of, segment, small_recipe

from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GraphConfig, GraphNetwork
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.gnn.undirected import GNN, EdgeScaling, GNNConfig
from terrazzo.models.lattice.cell_rows import place_columns
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.network import LatticeConfig, LatticeNetwork
from terrazzo.models.lattice.pixel_responses import response_columns
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.grid_passing import GridPassing
from terrazzo.models.nested.clusters import Clusters
from terrazzo.models.nested.model import NESTED_FEATURES, NestedModel
from terrazzo.models.nested.network import NestedConfig, NestedNetwork, Prepared
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.regions.graphs.scaling import Scaling

NAMES = ("ground", "grass", "water", "stone")
COLOURS = ("#102030", "#00ff7f", "#0000ff", "#a0a0a0")


def untrained_model(recipe=None, *, classes=3, seed=0, settings=None, **others):
    """Return a small network on region graphs."""
    recipe = recipe or small_recipe()
    axes = len(recipe.superpixels.size)
    settings = GNNSettings(**{"width": 16, "levels": 0, "finest": 2, "blocks": 1} | (settings or {}))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = GraphConfig(axes, len(recipe.node_columns), classes, settings, len(recipe.edge_columns))
        network = GraphNetwork(config)
        # wider than usual, so that what the neighbours say is heard, and without a class that is always ahead
        for weights in network.parameters():
            weights.data *= 2
        network.region.bias.data.zero_()
        agreeing(network.crf)
    return Model(network.eval(), _scaling(recipe), recipe, NAMES[:classes], COLOURS[:classes], **others)


def agreeing(crf):
    """Let a conditional random field look at all that it can, where there is one: it hears lines and boundaries."""
    if crf is not None:
        for weights in (crf.lines, crf.boundary, crf.agreement):
            weights.data += 0.5 * torch.randn_like(weights)
        crf.scale(np.full(len(crf.mean), 0.2, np.float32), np.full(len(crf.mean), 0.7, np.float32))


def undirected_model(aggregation="mean", recipe=None, *, classes=3, layers=2, seed=0, **others):
    """Return what a file of before holds."""
    recipe = recipe or small_recipe()
    nodes, edges = len(recipe.node_columns), len(recipe.edge_columns)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = GNN(GNNConfig(nodes, edges, classes, width=16, layers=layers, aggregation=aggregation))
        for name, weights in network.named_parameters():
            if name.endswith("score"):
                torch.nn.init.xavier_uniform_(weights)
            weights.data *= 2
        network.head[1].bias.data.zero_()
    own, none = _scaling(recipe), np.zeros(edges, np.float32)
    scaling = EdgeScaling(own.node_mean, own.node_std, none, none + 1)
    return Model(network.eval(), scaling, recipe, NAMES[:classes], COLOURS[:classes], **others)


def nested_model(recipe=None, *, classes=3, seed=0, **settings):
    """Return a small nested graph network, whose clusters stand around random embeddings."""
    recipe = recipe or small_recipe(4, features=NESTED_FEATURES)
    shape = NestedSettings(**{"width": 6, "k": 2.0, "region": 3, "nearest": 9} | settings)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NestedNetwork(NestedConfig(recipe.channels, shape))
    # alive, whatever comes in
    for layer in (network.inner.first, network.inner.second) if network.inner else ():
        layer.source.data.fill_(1.0)
    network.eval()
    ones = np.ones(recipe.channels, np.float32)
    scaling = Scaling(0 * ones, ones / 5)
    values = rng.uniform(1, 4, (40, recipe.channels)).astype(np.float32)
    graph = NestedGraph.of(values, np.stack([np.arange(39), np.arange(1, 40)]), np.arange(40) // 10, shape.k)
    with torch.inference_mode():
        seen = network.embedding(Prepared.of(graph, shape, torch.device("cpu"))).numpy().astype(np.float64)
    axes = rng.standard_normal((shape.width, 2)) / seen.std()
    middle = seen.mean(axis=0)
    clusters = Clusters(middle, axes, (seen[:classes] - middle) @ axes, np.eye(2), np.zeros(classes))
    return NestedModel(network.eval(), scaling, clusters, recipe, NAMES[:classes], COLOURS[:classes])


@cache
def _scaling(recipe):
    shape = (60, 70) if len(recipe.superpixels.size) == 2 else (9, 30, 34)
    graph = graph_of(
        segment(blobs(shape, recipe.channels), grid_of(shape, recipe.superpixels.size, (4,) * len(shape)), recipe),
        recipe,
    )
    return Scaling.fit([graph], [np.arange(graph.number_of_nodes)])


def untrained_lattice(recipe=None, *, classes=3, seed=0, settings=None, **others):
    """Return a small lattice network whose superpixels are never sure, so that all pixels are asked."""
    recipe = recipe or small_recipe()
    axes, columns = len(recipe.superpixels.size), len(response_columns(recipe.channels))
    settings = LatticeSettings(**{"width": 8, "levels": 2, "blocks": 1, "sure": 2.0} | (settings or {}))
    rows = len(recipe.node_columns + place_columns(axes))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LatticeNetwork(LatticeConfig(axes, rows, columns, classes, settings, len(recipe.edge_columns)))
        for weights in network.parameters():
            weights.data *= 2
        agreeing(network.crf)
        # norms remember what they see in training
        there = GridPassing(torch.ones((1, *[8] * axes)), settings.coarser, pooling=settings.pooling(axes))
        network.train()(there, 4 * torch.randn(1, *[8] * axes, rows))
    ones = np.ones(rows, np.float32), np.ones(columns, np.float32)
    scales = Scales(0.3 * ones[0], 0.5 * ones[0], 0.3 * ones[1], 0.5 * ones[1])
    return LatticeModel(network.eval(), scales, recipe, NAMES[:classes], COLOURS[:classes], **others)
