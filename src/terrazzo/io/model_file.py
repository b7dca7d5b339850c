"""Models on disk: safetensors with a JSON header, nothing that is executed on reading."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from terrazzo.arguments import A_MODEL, A_MODELS_PATH, require
from terrazzo.errors import InputError, ModelError, TerrazzoError
from terrazzo.io.failures import first_words, reason_of
from terrazzo.io.output_path import check_absent, check_ending
from terrazzo.io.whole_file import write_whole
from terrazzo.models.fitted_model import FittedModel, common_header
from terrazzo.models.kinds import FIRST_KIND, kind_named
from terrazzo.palette import class_colours
from terrazzo.regions.statistics.statistic import FeatureSet
from terrazzo.version import __version__

# Of the formats without a seal the one whose fingerprint covers all parameters that there are.
FORMAT_OF_FINGERPRINT = 2
HEADER = "terrazzo"
# What a comparison called the header of a random forest before that was a kind of model.
OLD_FOREST = "terrazzo-forest"


def write_model(model: FittedModel, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model as safetensors; the JSON header holds everything that `predict` needs besides the weights.

    Raises
    ------
    InputError
        If the path exists and `overwrite` is false, its ending names another format, or it cannot be written.
    """
    require(model, FittedModel, *A_MODEL)
    check_ending(path, "model")
    target = Path(path)
    check_absent(target, overwrite)
    tensors = {name: tensor.contiguous() for name, tensor in model.tensors().items()}
    header = _header(model)
    header[SEAL] = seal(header, tensors)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # safetensors would write a file that nobody else may read
        write_whole(target, save(tensors, metadata={HEADER: json.dumps(header, indent=1)}))
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"the model cannot be written to '{target}': {reason_of(error)}; choose another path"
        ) from error
    return target


def write_fitted(model: FittedModel, path: Path, *, overwrite: bool = False) -> None:
    """Write a model whose fit may have taken hours: if not to its path, then into the system's temporary folder.

    Raises
    ------
    InputError
        If it cannot be written to the path; the message says where it is.
    """
    try:
        write_model(model, path, overwrite=overwrite)
    except InputError as error:
        kept = _kept(model, path.name)
        if kept is None:
            raise InputError(f"{error}, and fit it again: it could not be kept in the temporary folder") from error
        raise InputError(f"{error}; the fitted model is kept at '{kept}', from where it can be moved") from error


def _kept(model: FittedModel, name: str) -> Path | None:
    try:
        folder = Path(tempfile.mkdtemp(prefix="terrazzo-"))
    except OSError:
        return None
    try:
        return write_model(model, folder / name)
    except InputError:
        folder.rmdir()  # nothing half-written is in it
        return None


def open_model(path: str | Path, *, features: FeatureSet | None = None) -> FittedModel:
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
    ParameterError
        If it is no path.
    """
    require(path, (str, os.PathLike), *A_MODELS_PATH)
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
    if HEADER not in metadata and OLD_FOREST not in metadata:
        raise ModelError(f"'{path}' was not written by terrazzo; give a model that terrazzo fit has made")
    try:
        header = (
            json.loads(metadata[HEADER]) if HEADER in metadata else _of_old_forest(json.loads(metadata[OLD_FOREST]))
        )
        check_header(header, tensors, path)
        model = kind_named(header.get("kind", FIRST_KIND)).restored(header, tensors, features)
        if header["format"] == FORMAT_OF_FINGERPRINT and model.fingerprint() != header["fingerprint"]:
            raise ModelError(f"'{path}' was changed after it was written; fit the model again")
        _check_classes(model, path)
        _check_seen(model)
        return model
    except ModelError:
        raise
    except TerrazzoError as error:
        raise ModelError(f"'{path}': {error}") from error
    except (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise ModelError(
            f"the header of '{path}' does not fit its weights ({first_words(error)}); fit the model again"
        ) from error


def read_header(path: str | Path) -> dict[str, Any]:
    """Return the JSON header of a model file as it is, without checking it."""
    with safe_open(path, framework="pt") as file:
        header: dict[str, Any] = json.loads(file.metadata()[HEADER])
    return header


def _of_old_forest(header: dict[str, Any]) -> dict[str, Any]:
    """Return the header of a random forest of images, which had neither colours nor a seal."""
    names = header["class_names"]
    added = {"kind": "forest", "format": 1, "axes": 2, "colours": class_colours(len(names), ()), "pixel_size": None}
    return header | added


def _check_classes(model: FittedModel, path: str | Path) -> None:
    """Format 1 sealed neither names nor colours."""
    classes = len(model.class_names), len(model.colours)
    if len(set(classes)) > 1:
        raise ModelError(
            f"'{path}' has {classes[0]} class names and {classes[1]} colours that do not fit its network; "
            "fit the model again"
        )


def _check_seen(model: FittedModel) -> None:
    if model.seen is not None and len(model.seen.channels) != model.channels:
        raise ValueError(f"it has seen {len(model.seen.channels)} channels and reads {model.channels}")


def _header(model: FittedModel) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": __version__,
        # as files have it since before there was another kind
        **({} if model.kind == FIRST_KIND else {"kind": model.kind}),
        **model.header(),
        **common_header(model),
        "fingerprint": model.fingerprint(),
    }


FORMAT = 3
# Formats before this one have no seal.
FIRST_SEALED = 3
SEAL = "sha256"


def seal(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a hash of all tensors and of the whole header but the hash itself."""
    rest = {name: value for name, value in header.items() if name != SEAL}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_header(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], path: object) -> None:
    """Raise unless a header is as `write_model` wrote it.

    Raises
    ------
    ModelError
        If it is of a newer version or was edited.
    KeyError, TypeError
        If it lacks an entry or one is none.
    """
    if header["format"] > FORMAT:
        raise ModelError(
            f"'{path}' was written by terrazzo {header['version']} in format {header['format']}; this version, "
            f"{__version__}, reads up to format {FORMAT}: install a newer terrazzo"
        )
    if (header["format"] >= FIRST_SEALED or SEAL in header) and header.get(SEAL) != seal(header, tensors):
        raise ModelError(f"'{path}' was changed after it was written; fit the model again")
