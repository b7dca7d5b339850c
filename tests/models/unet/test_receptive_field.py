import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from terrazzo.models.unet.description import unet_description
from terrazzo.models.unet.network import UNet
from terrazzo.models.unet.pixel_blocks import halo, pixels_needed

SHAPES = (
    {"depth": 1},
    {"depth": 2, "convolutions": 1},
    {"depth": 2, "kernels": [5, 3, 1]},
    {"depth": 2, "pools": [(2, 3), (3, 2)]},
    {"depth": 3, "convolutions": 1, "kernels": [(1, 3), 3, 3, 3], "pools": [(1, 2), 2, 2]},
    {"depth": 1, "axes": 3, "kernels": [(1, 3, 3), 3], "pools": [(1, 2, 2)], "convolutions": 1},
)


def _network(description):
    """Every weight positive and every maximum a mean: no gradient is lost on the way."""
    network = UNet(description).double().eval()
    for weights in network.parameters():
        weights.data.abs_().add_(0.1)
    network.pools = nn.ModuleList(
        (nn.AvgPool2d if description.axes == 2 else nn.AvgPool3d)(level.factor) for level in description.down.levels
    )
    return network


def _span_with_gradient(network, axis, position, lengths):
    image = torch.ones(1, 1, *lengths, dtype=torch.float64, requires_grad=True)
    network(image).select(axis + 2, position).sum().backward()
    others = tuple(other for other in range(image.ndim) if other != axis + 2)
    (touched,) = torch.nonzero(image.grad.abs().sum(others), as_tuple=True)
    return int(touched.min()), int(touched.max()) + 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_pixels_that_an_output_needs_are_those_with_a_gradient(shape):
    description = unet_description(1, 1, base=1, **shape)
    network = _network(description)
    for axis, (stride, reach) in enumerate(zip(description.stride, halo(description), strict=True)):
        middle = -(-reach // stride) * stride
        lengths = list(description.stride)
        lengths[axis] = 2 * middle + stride
        for position in range(middle, middle + stride):
            expected = pixels_needed(description, axis, position, position + 1)
            assert _span_with_gradient(network, axis, position, lengths) == expected


def test_the_original_network_looks_94_pixels_beyond_a_box_of_whole_strides():
    description = unet_description(1, 2, base=64)
    assert halo(description) == (94, 94)
    assert description.stride == (16, 16)


@settings(max_examples=50)
@given(st.sampled_from(SHAPES), st.integers(0, 40), st.integers(1, 40), st.integers(0, 5))
def test_a_wider_box_needs_no_less_and_a_move_by_a_stride_moves_what_is_needed(shape, start, length, more):
    description = unet_description(1, 1, base=1, **shape)
    first, last = pixels_needed(description, 0, start, start + length)
    wider = pixels_needed(description, 0, start - more, start + length + more)
    assert wider[0] <= first
    assert wider[1] >= last
    step = description.stride[0]
    assert pixels_needed(description, 0, start + step, start + length + step) == (first + step, last + step)
