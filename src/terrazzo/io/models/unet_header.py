"""The header of a U-Net's file, and the U-Net that header and weights make."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from terrazzo.models.unet.description import described
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.network import UNet


def unet_header(model: UNetModel) -> dict[str, Any]:
    """Return everything that applying a U-Net needs besides its weights, as JSON could hold it."""
    return {
        "network": asdict(model.network.description),
        "mean": model.mean,
        "spread": model.spread,
        "class_names": model.class_names,
        "colours": model.colours,
        "pixel_size": model.pixel_size,
        "pixel_unit": model.pixel_unit,
        "fitted": model.fitted,
        "fingerprint": model.fingerprint(),
    }


def read_unet(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> UNetModel:
    """Return the U-Net of a header and its weights."""
    network = UNet(described(header["network"])).eval()
    network.load_state_dict({name.removeprefix("network."): tensor for name, tensor in tensors.items()})
    mean, spread, names, colours = (tuple(header[name]) for name in ("mean", "spread", "class_names", "colours"))
    pixel_size = tuple(header["pixel_size"]) if header["pixel_size"] else None
    return UNetModel(network, mean, spread, names, colours, pixel_size, header["fitted"], header["pixel_unit"])
