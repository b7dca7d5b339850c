"""A fitted model: the network with everything that applying it needs."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.errors import ModelError
from terrazzo.html import swatches, table
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.message_passing import Backend, both_directions, message_passing
from terrazzo.models.gnn.network import GNN
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.wording import by, counted, figures_text, listed, pixel_text


@dataclass(frozen=True, eq=False)
class Model:
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
    """

    network: GNN
    scaling: Scaling
    recipe: Recipe
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None

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

    def fingerprint(self) -> str:
        """Return a hash of the weights, the scaling and the recipe: what decides the answer."""
        digest = hashlib.sha256(repr((self.network.config, self.recipe, self.class_names)).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        scaling = self.scaling
        for vector in (scaling.node_mean, scaling.node_std, scaling.edge_mean, scaling.edge_std):
            digest.update(vector.tobytes())
        return digest.hexdigest()

    def check_channels(self, channels: int) -> None:
        """Raise a ModelError if images with this number of channels are not what the model was fitted on."""
        check_channels(channels, self.channels)

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

    def __repr__(self) -> str:
        network, size, features, pixels = self._said()
        shape = f"{network}; superpixels of {size}; {features}{f'; pixels of {pixels}' if pixels else ''}"
        return f"<terrazzo.Model: {shape}; classes {listed(self.class_names)}>"

    def _repr_html_(self) -> str:
        said = dict(zip(("Network", "Superpixels", "Features", "Pixels of"), self._said(), strict=True))
        classes = {"Classes": swatches(self.class_names, self.colours), "Fitted": figures_text(self.fitted)}
        return table("terrazzo.Model", said | classes)

    def _said(self) -> tuple[str, str, str, str | None]:
        config, features = self.network.config, len(self.recipe.node_columns)
        return (
            f"{counted(config.layers, 'layer')} of width {config.width}",
            f"{by(self.recipe.superpixels.size)} pixels",
            f"{counted(features, 'feature')} from {counted(self.channels, 'channel')}",
            pixel_text(self.pixel_size, self.pixel_unit),
        )


def check_channels(found: int, fitted: int) -> None:
    """Raise a ModelError if an image does not have as many channels as a model was fitted on."""
    if found != fitted:
        raise ModelError(
            f"the image has {found} channel{'' if found == 1 else 's'} and the model was fitted on {fitted}; "
            "give an image with the same channels or fit a model on this one"
        )
