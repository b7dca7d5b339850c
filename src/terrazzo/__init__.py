"""Segment images larger than memory: exact chunked superpixels, one region graph, a graph neural network.

Public names load on first use, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from terrazzo.version import __version__

if TYPE_CHECKING:
    from terrazzo.blockwise.annotated_graph import annotated_graph as annotated_graph
    from terrazzo.blockwise.plan import Plan as Plan
    from terrazzo.blockwise.plan import plan as plan
    from terrazzo.blockwise.predict import predict as predict
    from terrazzo.blockwise.region_graph import region_graph as region_graph
    from terrazzo.blockwise.score import score as score
    from terrazzo.blockwise.superpixels import superpixels as superpixels
    from terrazzo.blockwise.write_labels_into import write_labels_into as write_labels_into
    from terrazzo.blockwise.write_polygons import write_polygons as write_polygons
    from terrazzo.blockwise.write_prediction import write_prediction as write_prediction
    from terrazzo.comparison.compare import Comparison as Comparison
    from terrazzo.comparison.compare import compare as compare
    from terrazzo.errors import TerrazzoError as TerrazzoError
    from terrazzo.io.annotation import Annotation as Annotation
    from terrazzo.io.image import Image as Image
    from terrazzo.io.model_file import open_model as open_model
    from terrazzo.io.model_file import write_model as write_model
    from terrazzo.io.ome_zarr_writer import write_ome_zarr as write_ome_zarr
    from terrazzo.io.open_annotation import open_annotation as open_annotation
    from terrazzo.io.open_annotation import open_annotations as open_annotations
    from terrazzo.io.open_annotation import open_mask as open_mask
    from terrazzo.io.open_image import open_image as open_image
    from terrazzo.io.open_image import open_labels as open_labels
    from terrazzo.io.result import Result as Result
    from terrazzo.io.result import open_result as open_result
    from terrazzo.lattice import Lattice as Lattice
    from terrazzo.models.model import Model as Model
    from terrazzo.models.unet_model import UNetModel as UNetModel
    from terrazzo.regions.features import Statistic as Statistic
    from terrazzo.regions.node_targets import NodeTargets as NodeTargets
    from terrazzo.regions.recipe import Recipe as Recipe
    from terrazzo.regions.region_graph import RegionGraph as RegionGraph
    from terrazzo.regions.scores import Scores as Scores
    from terrazzo.regions.superpixel_parameters import SuperpixelParameters as SuperpixelParameters
    from terrazzo.training.fit import fit as fit
    from terrazzo.training.fit_gnn import fit_gnn as fit_gnn
    from terrazzo.training.fit_unet import fit_unet as fit_unet

_HOME = {
    "Annotation": "terrazzo.io.annotation",
    "Comparison": "terrazzo.comparison.compare",
    "Image": "terrazzo.io.image",
    "Lattice": "terrazzo.lattice",
    "Model": "terrazzo.models.model",
    "NodeTargets": "terrazzo.regions.node_targets",
    "Plan": "terrazzo.blockwise.plan",
    "Recipe": "terrazzo.regions.recipe",
    "RegionGraph": "terrazzo.regions.region_graph",
    "Result": "terrazzo.io.result",
    "Scores": "terrazzo.regions.scores",
    "Statistic": "terrazzo.regions.features",
    "SuperpixelParameters": "terrazzo.regions.superpixel_parameters",
    "TerrazzoError": "terrazzo.errors",
    "UNetModel": "terrazzo.models.unet_model",
    "annotated_graph": "terrazzo.blockwise.annotated_graph",
    "compare": "terrazzo.comparison.compare",
    "fit": "terrazzo.training.fit",
    "fit_gnn": "terrazzo.training.fit_gnn",
    "fit_unet": "terrazzo.training.fit_unet",
    "open_annotation": "terrazzo.io.open_annotation",
    "open_annotations": "terrazzo.io.open_annotation",
    "open_image": "terrazzo.io.open_image",
    "open_labels": "terrazzo.io.open_image",
    "open_mask": "terrazzo.io.open_annotation",
    "open_model": "terrazzo.io.model_file",
    "open_result": "terrazzo.io.result",
    "plan": "terrazzo.blockwise.plan",
    "predict": "terrazzo.blockwise.predict",
    "region_graph": "terrazzo.blockwise.region_graph",
    "score": "terrazzo.blockwise.score",
    "superpixels": "terrazzo.blockwise.superpixels",
    "write_labels_into": "terrazzo.blockwise.write_labels_into",
    "write_model": "terrazzo.io.model_file",
    "write_ome_zarr": "terrazzo.io.ome_zarr_writer",
    "write_polygons": "terrazzo.blockwise.write_polygons",
    "write_prediction": "terrazzo.blockwise.write_prediction",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'terrazzo' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
