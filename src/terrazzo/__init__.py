"""Segment images larger than memory: exact chunked superpixels, one region graph, a graph neural network.

Public names load on first use, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from terrazzo.version import __version__

if TYPE_CHECKING:
    from terrazzo.blockwise.arrays.annotated_graph import annotated_graph as annotated_graph
    from terrazzo.blockwise.arrays.predict import predict as predict
    from terrazzo.blockwise.arrays.region_graph import region_graph as region_graph
    from terrazzo.blockwise.arrays.superpixels import superpixels as superpixels
    from terrazzo.blockwise.planning.plan import Plan as Plan
    from terrazzo.blockwise.planning.plan import plan as plan
    from terrazzo.blockwise.runs.score import score as score
    from terrazzo.blockwise.runs.write_image import write_image as write_image
    from terrazzo.blockwise.runs.write_labels_into import write_labels_into as write_labels_into
    from terrazzo.blockwise.runs.write_measurements import write_measurements as write_measurements
    from terrazzo.blockwise.runs.write_polygons import write_polygons as write_polygons
    from terrazzo.blockwise.runs.write_prediction import write_prediction as write_prediction
    from terrazzo.comparison.compare import Comparison as Comparison
    from terrazzo.comparison.compare import compare as compare
    from terrazzo.comparison.settings import Limits as Limits
    from terrazzo.comparison.settings import Splitting as Splitting
    from terrazzo.comparison.settings import Sweeps as Sweeps
    from terrazzo.errors import TerrazzoError as TerrazzoError
    from terrazzo.genes.parameter import Choice as Choice
    from terrazzo.genes.parameter import Range as Range
    from terrazzo.genes.space import Space as Space
    from terrazzo.genes.space import default_space as default_space
    from terrazzo.io.annotations.annotation import Annotation as Annotation
    from terrazzo.io.annotations.open_annotation import open_annotation as open_annotation
    from terrazzo.io.annotations.open_annotation import open_annotations as open_annotations
    from terrazzo.io.annotations.open_annotation import open_mask as open_mask
    from terrazzo.io.images.image import Image as Image
    from terrazzo.io.images.ome_zarr_writer import write_ome_zarr as write_ome_zarr
    from terrazzo.io.images.open_image import open_image as open_image
    from terrazzo.io.images.open_image import open_labels as open_labels
    from terrazzo.io.model_file import open_model as open_model
    from terrazzo.io.model_file import write_model as write_model
    from terrazzo.io.results.class_tiff import write_tiff as write_tiff
    from terrazzo.io.results.result import Result as Result
    from terrazzo.io.results.result import open_result as open_result
    from terrazzo.io.results.source_image import source_image as source_image
    from terrazzo.lattice import Lattice as Lattice
    from terrazzo.models.ensemble.model import Ensemble as Ensemble
    from terrazzo.models.fitted_model import FittedModel as FittedModel
    from terrazzo.models.forest.model import ForestModel as ForestModel
    from terrazzo.models.gnn.model import Model as Model
    from terrazzo.models.gnn.settings import GNNSettings as GNNSettings
    from terrazzo.models.kinds import register_kind as register_kind
    from terrazzo.models.lattice.model import LatticeModel as LatticeModel
    from terrazzo.models.lattice.settings import LatticeSettings as LatticeSettings
    from terrazzo.models.nested.model import NestedModel as NestedModel
    from terrazzo.models.nested.settings import NestedSettings as NestedSettings
    from terrazzo.models.unet.model import UNetModel as UNetModel
    from terrazzo.models.unet.settings import UNetSettings as UNetSettings
    from terrazzo.progress import ProgressBar as ProgressBar
    from terrazzo.progress import Step as Step
    from terrazzo.progress import on_progress as on_progress
    from terrazzo.project.places import Place as Place
    from terrazzo.project.places import write_places as write_places
    from terrazzo.project.project import Project as Project
    from terrazzo.project.suggest import suggest as suggest
    from terrazzo.regions.classes.scores import Scores as Scores
    from terrazzo.regions.graphs.node_targets import NodeTargets as NodeTargets
    from terrazzo.regions.graphs.recipe import Recipe as Recipe
    from terrazzo.regions.graphs.region_graph import RegionGraph as RegionGraph
    from terrazzo.regions.statistics.features import Statistic as Statistic
    from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters as SuperpixelParameters
    from terrazzo.study.search import Study as Study
    from terrazzo.study.search import search as search
    from terrazzo.study.settings import Searching as Searching
    from terrazzo.training.ensemble.choose_ensemble import choose_ensemble as choose_ensemble
    from terrazzo.training.fit import fit as fit
    from terrazzo.training.forest.fit_forest import fit_forest as fit_forest
    from terrazzo.training.gnn.fit_gnn import fit_gnn as fit_gnn
    from terrazzo.training.gnn.settings import GNNTraining as GNNTraining
    from terrazzo.training.lattice.settings import LatticeTraining as LatticeTraining
    from terrazzo.training.nested.embed import embed as embed
    from terrazzo.training.nested.embedding import Embedding as Embedding
    from terrazzo.training.nested.fit_nested import fit_nested as fit_nested
    from terrazzo.training.nested.settings import NestedTraining as NestedTraining
    from terrazzo.training.rules.training import ForestTraining as ForestTraining
    from terrazzo.training.rules.training import UNetTraining as UNetTraining
    from terrazzo.training.unet.fit_unet import fit_unet as fit_unet
    from terrazzo.viewing.view import View as View
    from terrazzo.viewing.view import view as view
    from terrazzo.viewing.write_page import write_page as write_page

_HOME = {
    "Annotation": "terrazzo.io.annotations.annotation",
    "Choice": "terrazzo.genes.parameter",
    "Comparison": "terrazzo.comparison.compare",
    "Embedding": "terrazzo.training.nested.embedding",
    "Ensemble": "terrazzo.models.ensemble.model",
    "FittedModel": "terrazzo.models.fitted_model",
    "ForestModel": "terrazzo.models.forest.model",
    "ForestTraining": "terrazzo.training.rules.training",
    "GNNSettings": "terrazzo.models.gnn.settings",
    "GNNTraining": "terrazzo.training.gnn.settings",
    "Image": "terrazzo.io.images.image",
    "Lattice": "terrazzo.lattice",
    "LatticeModel": "terrazzo.models.lattice.model",
    "LatticeSettings": "terrazzo.models.lattice.settings",
    "LatticeTraining": "terrazzo.training.lattice.settings",
    "Limits": "terrazzo.comparison.settings",
    "Model": "terrazzo.models.gnn.model",
    "NestedModel": "terrazzo.models.nested.model",
    "NestedSettings": "terrazzo.models.nested.settings",
    "NestedTraining": "terrazzo.training.nested.settings",
    "NodeTargets": "terrazzo.regions.graphs.node_targets",
    "Place": "terrazzo.project.places",
    "Plan": "terrazzo.blockwise.planning.plan",
    "Project": "terrazzo.project.project",
    "ProgressBar": "terrazzo.progress",
    "Range": "terrazzo.genes.parameter",
    "Recipe": "terrazzo.regions.graphs.recipe",
    "RegionGraph": "terrazzo.regions.graphs.region_graph",
    "Result": "terrazzo.io.results.result",
    "Scores": "terrazzo.regions.classes.scores",
    "Searching": "terrazzo.study.settings",
    "Space": "terrazzo.genes.space",
    "Splitting": "terrazzo.comparison.settings",
    "Statistic": "terrazzo.regions.statistics.features",
    "Step": "terrazzo.progress",
    "Study": "terrazzo.study.search",
    "SuperpixelParameters": "terrazzo.regions.superpixels.superpixel_parameters",
    "Sweeps": "terrazzo.comparison.settings",
    "TerrazzoError": "terrazzo.errors",
    "UNetModel": "terrazzo.models.unet.model",
    "UNetSettings": "terrazzo.models.unet.settings",
    "UNetTraining": "terrazzo.training.rules.training",
    "View": "terrazzo.viewing.view",
    "annotated_graph": "terrazzo.blockwise.arrays.annotated_graph",
    "choose_ensemble": "terrazzo.training.ensemble.choose_ensemble",
    "compare": "terrazzo.comparison.compare",
    "default_space": "terrazzo.genes.space",
    "embed": "terrazzo.training.nested.embed",
    "fit": "terrazzo.training.fit",
    "fit_forest": "terrazzo.training.forest.fit_forest",
    "fit_gnn": "terrazzo.training.gnn.fit_gnn",
    "fit_nested": "terrazzo.training.nested.fit_nested",
    "fit_unet": "terrazzo.training.unet.fit_unet",
    "on_progress": "terrazzo.progress",
    "open_annotation": "terrazzo.io.annotations.open_annotation",
    "open_annotations": "terrazzo.io.annotations.open_annotation",
    "open_image": "terrazzo.io.images.open_image",
    "open_labels": "terrazzo.io.images.open_image",
    "open_mask": "terrazzo.io.annotations.open_annotation",
    "open_model": "terrazzo.io.model_file",
    "open_result": "terrazzo.io.results.result",
    "plan": "terrazzo.blockwise.planning.plan",
    "predict": "terrazzo.blockwise.arrays.predict",
    "region_graph": "terrazzo.blockwise.arrays.region_graph",
    "register_kind": "terrazzo.models.kinds",
    "score": "terrazzo.blockwise.runs.score",
    "search": "terrazzo.study.search",
    "source_image": "terrazzo.io.results.source_image",
    "suggest": "terrazzo.project.suggest",
    "superpixels": "terrazzo.blockwise.arrays.superpixels",
    "view": "terrazzo.viewing.view",
    "write_image": "terrazzo.blockwise.runs.write_image",
    "write_labels_into": "terrazzo.blockwise.runs.write_labels_into",
    "write_measurements": "terrazzo.blockwise.runs.write_measurements",
    "write_model": "terrazzo.io.model_file",
    "write_ome_zarr": "terrazzo.io.images.ome_zarr_writer",
    "write_page": "terrazzo.viewing.write_page",
    "write_places": "terrazzo.project.places",
    "write_polygons": "terrazzo.blockwise.runs.write_polygons",
    "write_prediction": "terrazzo.blockwise.runs.write_prediction",
    "write_tiff": "terrazzo.io.results.class_tiff",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'terrazzo' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
