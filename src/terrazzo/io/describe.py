"""What a path is: an image, a result or a model, with what there is to say of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrazzo.errors import InputError
from terrazzo.io.axes import IMAGE_AXES
from terrazzo.io.open_image import open_image
from terrazzo.io.result import RUN, open_result

if TYPE_CHECKING:
    from terrazzo.models.model import Model
    from terrazzo.models.unet_model import UNetModel


def describe(path: str | Path, *, level: int = 0, axes: str | None = None) -> dict[str, Any]:
    """Return what is at `path` as plain values, the kind ("image", "result" or "model") first.

    Parameters
    ----------
    path : path
        An image, a result or a model.
    level, axes
        As for `open_image`, if it is an image.

    Raises
    ------
    InputError, ModelError
        If nothing is there, or it can be none of the three.
    """
    target = Path(path)
    if not target.exists():
        raise InputError(f"there is nothing at '{path}'; give an image, a result or a model")
    if (target / RUN).is_file():
        return {"kind": "result", "path": str(target)} | _result(target)
    if target.suffix == ".safetensors":
        return {"kind": "model", "path": str(target)} | _model(target)
    return {"kind": "image"} | _image(target, level, axes)


def _result(path: Path) -> dict[str, Any]:
    result = open_result(path)
    done = {name: len(result.finished(name)) for name in result.passes}
    return result.run | {"blocks": len(result.grid), "finished_blocks": done}


def _model(path: Path) -> dict[str, Any]:
    from terrazzo.io.model_file import open_model  # loads torch, which images and results do without
    from terrazzo.models.unet_model import UNetModel

    model = open_model(path)
    return {
        "classes": dict(zip(model.class_names, model.colours, strict=True)),
        "channels": model.channels,
        "pixel_size": model.pixel_size,
        **(_unet(model) if isinstance(model, UNetModel) else _gnn(model)),
        "parameters": sum(weights.numel() for weights in model.network.parameters()),
        "fitted": model.fitted,
    }


def _gnn(model: Model) -> dict[str, Any]:
    return {
        "superpixels": asdict(model.recipe.superpixels),
        "statistics": [statistic.name for statistic in model.recipe.features],
        "network": asdict(model.network.config),
    }


def _unet(model: UNetModel) -> dict[str, Any]:
    from terrazzo.models.receptive_field import halo
    from terrazzo.models.unet_cost import multiply_adds

    description = model.network.description
    return {
        "mean": model.mean,
        "spread": model.spread,
        "network": {"kind": "U-Net", "base": description.down.levels[0].channels, "depth": description.depth},
        "stride": description.stride,
        "halo": halo(description),
        "multiply_adds_per_pixel": multiply_adds(description),
    }


def _image(path: Path, level: int, axes: str | None) -> dict[str, Any]:
    image = open_image(path, level=level, axes=axes)
    names = IMAGE_AXES[len(image.shape)]
    return {
        "path": image.path,
        "shape": dict(zip(names, image.shape, strict=True)),
        "dtype": str(image.dtype),
        "chunks": dict(zip(names, image.stored.chunks, strict=True)),
        "format": image.stored.kind,
        "level": image.level,
        "channels": list(image.channels),
        "pixel_size": image.pixel_size,
        "pixel_unit": image.pixel_unit,
    }
