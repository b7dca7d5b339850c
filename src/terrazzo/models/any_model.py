"""What can be applied to an image: a graph neural network or a U-Net."""

from typing import TypeAlias

from terrazzo.models.gnn.model import Model
from terrazzo.models.unet.model import UNetModel

AnyModel: TypeAlias = Model | UNetModel
