"""Models on disk: safetensors with a JSON header, nothing that is executed on reading."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from terrazzo.errors import InputError, ModelError, TerrazzoError
from terrazzo.io.failures import first_words
from terrazzo.io.models.model_header import FORMAT, SEAL, check_header, seal
from terrazzo.io.models.unet_header import read_unet, unet_header
from terrazzo.io.output_path import check_absent
from terrazzo.models.any_model import AnyModel
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.models.unet.model import UNetModel
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.regions.statistics.features import FeatureSet, statistic_named
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.version import __version__

# Of the formats without a seal the one whose fingerprint covers all parameters that there are.
FORMAT_OF_FINGERPRINT = 2
HEADER = "terrazzo"
SCALING = ("node_mean", "node_std", "edge_mean", "edge_std")


def write_model(model: AnyModel, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model as safetensors; the JSON header holds everything that `predict` needs besides the weights.

    Raises
    ------
    InputError
        If the path exists and `overwrite` is false, or cannot be written.
    """
    target = Path(path)
    check_absent(target, overwrite)
    tensors = {f"network.{name}": t.detach().cpu().contiguous() for name, t in model.network.state_dict().items()}
    if isinstance(model, Model):
        tensors |= {f"scaling.{name}": torch.from_numpy(getattr(model.scaling, name)) for name in SCALING}
    header = _header(model)
    header[SEAL] = seal(header, tensors)
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, partial, metadata={HEADER: json.dumps(header, indent=1)})
        partial.replace(target)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            partial.unlink()
        raise InputError(f"the model cannot be written to '{target}': {error}") from error
    return target


def open_model(path: str | Path, *, features: FeatureSet | None = None) -> AnyModel:
    """Read a model that `write_model` wrote.

    Parameters
    ----------
    path : path
        The file.
    features : tuple of Statistic, optional
        The feature set that it was fitted with, if that held statistics of your own.

    Raises
    ------
    InputError
        If there is no such file.
    ModelError
        If the file is no model of ours, is cut short, was edited, or comes from a newer version.
    """
    if not Path(path).is_file():
        raise InputError(f"there is no model at '{path}'; make one with terrazzo fit")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            # copies: the file may be replaced while the model is in use
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"'{path}' is no whole safetensors file ({first_words(error)}); fit the model again"
        ) from error
    if HEADER not in metadata:
        raise ModelError(f"'{path}' was not written by terrazzo; give a model that terrazzo fit has made")
    try:
        header = json.loads(metadata[HEADER])
        check_header(header, tensors, path)
        model = read_unet(header, tensors) if header.get("kind") == "unet" else _model(header, tensors, features)
        if header["format"] == FORMAT_OF_FINGERPRINT and model.fingerprint() != header["fingerprint"]:
            raise ModelError(f"'{path}' was changed after it was written; fit the model again")
        _check_classes(model, path)
        return model
    except ModelError:
        raise
    except TerrazzoError as error:
        raise ModelError(f"'{path}': {error}") from error
    except (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise ModelError(
            f"the header of '{path}' does not fit its weights ({first_words(error)}); fit the model again"
        ) from error


def _check_classes(model: AnyModel, path: str | Path) -> None:
    """Format 1 sealed neither names nor colours."""
    classes = len(model.class_names), len(model.colours)
    if len(set(classes)) > 1 or (isinstance(model, Model) and classes[0] != model.network.config.classes):
        raise ModelError(
            f"'{path}' has {classes[0]} class names and {classes[1]} colours that do not fit its network; "
            "fit the model again"
        )


def _header(model: AnyModel) -> dict[str, Any]:
    if isinstance(model, UNetModel):
        return {"format": FORMAT, "version": __version__, "kind": "unet", **unet_header(model)}
    return {
        "format": FORMAT,
        "version": __version__,
        "network": asdict(model.network.config),
        "superpixels": asdict(model.recipe.superpixels),
        "channels": model.recipe.channels,
        "statistics": [statistic.name for statistic in model.recipe.features],
        "node_columns": model.recipe.node_columns,
        "edge_columns": model.recipe.edge_columns,
        "class_names": model.class_names,
        "colours": model.colours,
        "pixel_size": model.pixel_size,
        "pixel_unit": model.pixel_unit,
        "fitted": model.fitted,
        "fingerprint": model.fingerprint(),
    }


def _model(header: dict[str, Any], tensors: dict[str, torch.Tensor], features: FeatureSet | None) -> Model:
    weights = {name.removeprefix("network."): t.float() for name, t in tensors.items() if name.startswith("network.")}
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
    pixel_size = tuple(header["pixel_size"]) if header["pixel_size"] else None
    scaling = Scaling(*(tensors[f"scaling.{name}"].numpy() for name in SCALING))
    names, colours = tuple(header["class_names"]), tuple(header["colours"])
    return Model(network, scaling, recipe, names, colours, pixel_size, header["fitted"], header.get("pixel_unit"))
