import numpy as np
import pytest
import torch
from unets import random_unet

from terrazzo.models.unet.description import unet_description
from terrazzo.models.unet.network import UNet
from terrazzo.models.unet.pixel_task import multiply_adds


def _parameters(**shape):
    return sum(weights.numel() for weights in UNet(unet_description(**shape)).parameters())


def test_the_original_size_has_31_million_parameters():
    assert _parameters(inputs=1, classes=2, base=64, depth=4) == 31_036_546


def test_the_small_size_has_a_sixteenth_of_them():
    assert _parameters(inputs=1, classes=2, base=16, depth=4) == 1_942_306


@pytest.mark.parametrize(
    ("shape", "extent"),
    [
        ({"depth": 4}, (32, 48)),
        ({"depth": 2, "pools": [(2, 3), (3, 2)], "convolutions": 3}, (12, 18)),
        ({"axes": 3, "depth": 2, "kernels": [(1, 3, 3)], "pools": [(1, 2, 2), 2], "dropout": 0.5}, (2, 8, 12)),
        ({"axes": 3, "depth": 1, "kernels": [(1, 3, 3)], "pools": [(1, 2, 2)], "pyramid": 3, "crf": 2}, (3, 8, 12)),
    ],
)
def test_every_pixel_gets_logits_and_every_weight_a_gradient(shape, extent):
    network = UNet(unet_description(2, 3, base=2, **shape))
    logits = network(torch.randn(2, 2, *extent))
    assert logits.shape == (2, 3, *extent)
    (logits**2).sum().backward()
    assert all(weights.grad is not None and weights.grad.isfinite().all() for weights in network.parameters())


def test_the_way_up_has_its_say_beside_the_pyramid_and_the_field_stands_last():
    network = random_unet(1, axes=3, depth=1, kernels=[(1, 3, 3)], pools=[(1, 2, 2)], pyramid=3, crf=1).network
    image = torch.randn(1, 1, 4, 8, 8)
    said, before = network.heads(image)
    assert torch.equal(said, network(image))
    # sections apart before the pyramid, and not after it
    changed = image.clone()
    changed[:, :, 0] += 1
    moved = [(a - b).abs().amax(dim=(0, 1, 3, 4)) for a, b in zip(network.heads(changed), (said, before), strict=True)]
    assert (moved[0][:2] > 0).all()
    assert (moved[1] > 0).tolist() == [True, False, False, False]
    plain = random_unet(crf=2).network
    (only,) = plain.heads(image[:, :, 0])
    unary, plain.crf = plain.crf, None
    assert torch.equal(unary(plain(image[:, :, 0]), image[:, :, 0]), only)


@pytest.mark.parametrize("axes", [2, 3])
def test_folding_the_normalisation_in_changes_logits_by_rounding_alone(axes):
    network = random_unet(2, axes=axes, dtype=torch.float64, dropout=0.3, pyramid=3, crf=1).network
    image = torch.randn(1, 2, *(8,) * axes, dtype=torch.float64)
    folded = network.folded()
    assert not any("BatchNorm" in type(module).__name__ for module in folded.modules())
    assert torch.allclose(folded(image), network(image), atol=1e-12)


def test_folding_leaves_the_network_as_it_was():
    network = random_unet().network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.folded()
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_multiply_adds_are_those_that_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    for shape in (
        {"depth": 3, "convolutions": 1},
        {"depth": 2, "axes": 3, "pools": [(1, 2, 2), 2]},
        {"depth": 1, "axes": 3, "kernels": [[(1, 3, 3), 3]], "pools": [(1, 2, 2)], "pyramid": 5},
    ):
        description = unet_description(2, 3, base=4, **shape)
        extent = tuple(2 * stride for stride in description.stride)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            UNet(description)(torch.zeros(1, 2, *extent))
        assert counter.get_total_flops() / 2 == multiply_adds(description) * np.prod(extent)
