"""A fitted model: the network with everything that applying it needs."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import ModelError
from terrazzo.lattice import Lattice
from terrazzo.memory import EDGES_PER_NODE, WORKER_WITH_TORCH
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel, common_of
from terrazzo.models.gnn.classify_block import (
    cells_needed,
    classify_nodes,
    paint_classes,
    paint_probabilities,
)
from terrazzo.models.gnn.classify_task import classify_bytes
from terrazzo.models.gnn.message_passing import Backend, both_directions, message_passing
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.models.passes.declared import Given, Holds, Near, Own, Pass
from terrazzo.models.passes.pixel_classes import no_classes
from terrazzo.models.passes.segment_task import pixels_computed
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.regions.graphs.block_graph import BlockGraph, empty_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import FeatureSet, statistic_named
from terrazzo.regions.superpixels.compared_channels import check_channels as check_compared_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.wording import by, counted

SCALING = ("node_mean", "node_std", "edge_mean", "edge_std")

Ids = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Model(FittedModel):
    """A graph neural network, fitted, with the recipe of the graphs that it reads.

    Parameters
    ----------
    network : GNN
        The network with its weights.
    scaling : Scaling
        How features are brought to a common scale.
    recipe : Recipe
        How an image becomes a graph.
    class_names : tuple of str
        The classes, in the order of their values.
    colours : tuple of str
        A colour `#rrggbb` per class.
    pixel_size : tuple of float or None
        The pixel size `(y, x)` or `(z, y, x)` of the images that it was fitted on.
    fitted : dict
        How the fit went: numbers for people.
    pixel_unit : str or None
        The unit of `pixel_size`, such as "micrometer".
    seen : Distribution or None
        The intensities of the images that it was fitted on.
    """

    network: GNN
    scaling: Scaling
    recipe: Recipe
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    seen: Distribution | None = None

    kind = "gnn"
    title = "graph network"

    @property
    def axes(self) -> int:
        """The number of spatial axes of its images."""
        return len(self.recipe.superpixels.size)

    @property
    def channels(self) -> int:
        """The number of channels of its images."""
        return self.recipe.channels

    @property
    def layers(self) -> int:
        """How many hops away a node's class depends on."""
        return self.network.config.layers

    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image: of whole superpixels."""
        return BlockGrid.of(Lattice(extent, self.recipe.superpixels.size), block)

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the two passes: superpixels and what is measured of them; then their classes."""
        network, recipe = self.network.config, self.recipe
        classes = Pass(
            name="classes",
            reads=(Own("labels"), Own("rows"), Near("rows", cells_needed(network.layers))),
            gives=("classes", "probabilities", "node_probabilities"),
            run=partial(_classes, model=self, device=device),
            nothing=partial(_no_classes, recipe=recipe, classes=network.classes),
            decides=(self.fingerprint(), device),
            holds=Holds(partial(classify_bytes, network=network), WORKER_WITH_TORCH),
        )
        return superpixels_pass(recipe), classes

    def fingerprint(self) -> str:
        """Return a hash of the weights, the scaling and the recipe: what decides the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(repr((self.network.config, self.recipe, self.class_names)).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        for name in SCALING:
            digest.update(getattr(self.scaling, name).tobytes())
        return digest.hexdigest()

    def check_image(self, channels: int, dtype: np.dtype[Any]) -> None:
        """Raise a TerrazzoError if images with these channels are not what the model was fitted on."""
        super().check_image(channels, dtype)
        check_compared_channels(channels, dtype, self.recipe.superpixels)

    def named_parameters(self) -> dict[str, Any]:
        """Return the parameters of the superpixels."""
        return {"superpixels": asdict(self.recipe.superpixels)}

    @property
    def node_columns(self) -> tuple[str, ...]:
        """The names of the node features."""
        return self.recipe.node_columns

    @property
    def edge_columns(self) -> tuple[str, ...]:
        """The names of the edge features."""
        return self.recipe.edge_columns

    def pixels_computed(self, grid: BlockGrid) -> float:
        """Return the pixels that an iteration of the superpixels assigns, as the mean of the iterations."""
        return pixels_computed(grid, self.recipe.superpixels)

    def most_rows(self, grid: BlockGrid) -> tuple[int, int]:
        """Return how many superpixels and edges there are at most; in a volume the edges are an estimate."""
        lattice = grid.lattice
        return lattice.number_of_cells, EDGES_PER_NODE[len(lattice.shape)] * lattice.number_of_cells

    def header(self) -> dict[str, Any]:
        """Return the network's shape and the recipe as values of JSON."""
        return {
            "network": asdict(self.network.config),
            "superpixels": asdict(self.recipe.superpixels),
            "channels": self.recipe.channels,
            "statistics": [statistic.name for statistic in self.recipe.features],
            "node_columns": self.recipe.node_columns,
            "edge_columns": self.recipe.edge_columns,
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights and the scaling of the features."""
        weights = {f"network.{name}": tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}
        return weights | {f"scaling.{name}": torch.from_numpy(getattr(self.scaling, name)) for name in SCALING}

    @classmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], features: FeatureSet | None = None
    ) -> Model:
        """Return the model of a header and its tensors; see `FittedModel.restored`."""
        _check_size(header, tensors)
        weights = {name.removeprefix("network."): t.float() for name, t in tensors.items() if name[:8] == "network."}
        # without storage: however large the header says that it is, it takes the file's own weights
        with torch.device("meta"):
            network = GNN(GNNConfig(**header["network"])).eval()
        network.load_state_dict(weights, assign=True)
        parameters: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in header["superpixels"].items()
        }
        if features is None:
            features = tuple(statistic_named(name) for name in header["statistics"])
        recipe = Recipe(header["channels"], SuperpixelParameters(**parameters), features)
        if list(recipe.node_columns) != header["node_columns"]:
            raise ModelError(f"the model was fitted on other features, {header['statistics']}; pass them as features=…")
        if len(header["class_names"]) != network.config.classes:
            raise ModelError(
                f"{len(header['class_names'])} class names do not fit a network of {network.config.classes} classes; "
                "fit the model again"
            )
        scaling = Scaling(*(tensors[f"scaling.{name}"].numpy() for name in SCALING))
        return cls(network, scaling, recipe, **common_of(header))

    def described(self) -> dict[str, Any]:
        """Return superpixels, statistics and network as plain values."""
        return {
            "superpixels": asdict(self.recipe.superpixels),
            "statistics": [statistic.name for statistic in self.recipe.features],
            "network": asdict(self.network.config),
            "parameters": sum(weights.numel() for weights in self.network.parameters()),
        }

    def class_probabilities(
        self, graph: RegionGraph, *, device: str = "cpu", backend: Backend = "auto"
    ) -> NDArray[np.float32]:
        """Return the probability of each class at each node, shape (N, C); see `logits`."""
        logits = torch.from_numpy(self.logits(graph, device=device, backend=backend))
        probabilities: NDArray[np.float32] = torch.softmax(logits, dim=1).numpy()
        return probabilities

    def logits(self, graph: RegionGraph, *, device: str = "cpu", backend: Backend = "auto") -> NDArray[np.float32]:
        """Return the logits of each class at each node, shape (N, C): logarithms of probabilities, but for a constant.

        Parameters
        ----------
        graph : RegionGraph
            Made by this model's recipe.
        device : str
            "cpu", "cuda", "cuda:0" or "auto".
        backend : {"auto", "dgl", "torch"}
            What passes the messages.

        Raises
        ------
        ModelError
            If the graph's columns are not those that the model was fitted on.
        """
        if graph.node_columns != self.recipe.node_columns or graph.edge_columns != self.recipe.edge_columns:
            raise ModelError(
                f"the graph has {len(graph.node_columns)} node and {len(graph.edge_columns)} edge features that are "
                "not the model's; build it with model.recipe.features on images with the same channels"
            )
        where = choose_device(device)
        passing = message_passing(graph.edge_index, graph.number_of_nodes, device=where, backend=backend)
        nodes = torch.from_numpy(self.scaling.nodes(graph.node_features)).to(where)
        edges = both_directions(torch.from_numpy(self.scaling.edges(graph.edge_features)).to(where))
        # a copy where it has to move: the model stays on the CPU, and other threads may use it
        network = self.network if where.type == "cpu" else copy.deepcopy(self.network).to(where)
        network.eval()
        with torch.inference_mode():
            logits: NDArray[np.float32] = network(passing, nodes, edges).cpu().numpy()
        return logits

    def said(self) -> dict[str, str | None]:
        """Return its shape, its superpixels and what is measured of them, for people."""
        config, features = self.network.config, len(self.recipe.node_columns)
        return {
            "Network": f"{counted(config.layers, 'layer')} of width {config.width}",
            "Superpixels of": f"{by(self.recipe.superpixels.size)} pixels",
            "Features": f"{counted(features, 'feature')} from {counted(self.channels, 'channel')}",
        }


def _check_size(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """What nobody has sealed may ask for more layers or columns than there is memory."""
    if not 0 <= header["network"]["layers"] <= len(tensors):
        raise ValueError(f"{header['network']['layers']} layers in {len(tensors)} tensors")
    if not 1 <= header["channels"] <= len(header["edge_columns"]):
        raise ValueError(f"{header['channels']} channels with {len(header['edge_columns'])} columns of edges")


def _classes(block: Block, ids: Ids, own: BlockGraph, near: list[BlockGraph], *, model: Model, device: str) -> Given:
    found = classify_nodes(block, near, model.recipe, model.layers, partial(model.class_probabilities, device=device))
    return {
        "classes": paint_classes(ids, block, found),
        "probabilities": paint_probabilities(ids, block, found),
        "node_probabilities": (own, found.probabilities[np.searchsorted(found.ids, own.ids)]),
    }


def _no_classes(block: Block, *, recipe: Recipe, classes: int) -> Given:
    nobody = empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns)
    return no_classes(block) | {"node_probabilities": (nobody, np.empty((0, classes), np.float32))}


def unfitted_model(recipe: Recipe, classes: int = 2) -> Model:
    """Return a model with random weights of the default shape."""
    nodes, edges = (np.zeros(len(names), np.float32) for names in (recipe.node_columns, recipe.edge_columns))
    names = tuple(f"class {value}" for value in range(classes))
    network = GNN(GNNConfig(nodes.size, edges.size, classes)).eval()
    return Model(network, Scaling(nodes, nodes + 1, edges, edges + 1), recipe, names, ("#000000",) * classes)
