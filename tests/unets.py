"""U-Nets with random weights: quick to make, and their answers vary from pixel to pixel."""

import torch
from torch import nn

from terrazzo.models.unet.description import unet_description
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.network import UNet

NAMES = ("ground", "grass", "water", "stone")
COLOURS = ("#102030", "#00ff7f", "#0000ff", "#a0a0a0")


def random_unet(inputs=1, classes=3, *, seed=0, dtype=torch.float32, **shape):
    """A model whose normalisation has seen something, so that folding it in changes weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = UNet(unet_description(inputs, classes, **{"base": 4, "depth": 2} | shape))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.data.uniform_(0.8, 1.2)
                module.bias.data.normal_(0, 0.2)
    scaling = (0.4,) * inputs, (0.3,) * inputs
    return UNetModel(network.to(dtype).eval(), *scaling, NAMES[:classes], COLOURS[:classes])
