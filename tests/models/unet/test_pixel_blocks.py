import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from unets import random_unet

from terrazzo.errors import InputError, ModelError
from terrazzo.models.passes.declared import Seen
from terrazzo.models.unet.description import unet_description
from terrazzo.models.unet.network import UNet
from terrazzo.models.unet.pixel_blocks import halo, pixel_grid, pixel_window, pixels_needed

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@st.composite
def networks(draw):
    """Shapes of networks, with an extent of several blocks for each."""
    if draw(st.booleans()):
        shape = {"depth": draw(st.integers(1, 3)), "convolutions": draw(st.integers(1, 2))}
        shape["pools"] = draw(st.sampled_from((2, [(2, 3)], [(1, 2)])))
        shape |= draw(st.sampled_from(({}, {"pyramid": 3}, {"crf": 2, "crf_radius": (2, 1)}, {"pyramid": 2, "crf": 1})))
        extent = (draw(st.integers(1, 130)), draw(st.integers(1, 130)))
        return shape, extent, draw(st.integers(1, 48))
    shape = {"axes": 3, "depth": draw(st.integers(1, 2)), "convolutions": draw(st.integers(1, 2))}
    shape["kernels"] = draw(st.sampled_from((3, [(1, 3, 3)], [[(1, 3, 3), 3][: shape["convolutions"]]])))
    shape["pools"] = draw(st.sampled_from((2, [(1, 2, 2)])))
    shape |= draw(
        st.sampled_from(({}, {"pyramid": 2, "dilations": [1, (2, 1, 3)]}, {"crf": 2, "crf_radius": (1, 1, 2)}))
    )
    return shape, tuple(draw(st.integers(1, n)) for n in (14, 40, 40)), draw(st.integers(1, 16))


def _image(channels, extent, seed):
    return np.random.default_rng(seed).random((channels, *extent)).astype(np.float32)


def _seen(model, image, block, mask=None):
    window = pixel_window(model.network.description, block)
    return Seen(window, image[(slice(None), *window.slices)], None if mask is None else mask[window.slices])


def _classes(model, image, block, mask=None):
    (one,) = model.passes()
    return one.run(block, _seen(model, image, block, mask))["classes"]


@settings(max_examples=30)
@given(networks(), st.sampled_from((torch.float32, torch.float64)), st.integers(1, 2), st.integers(0, 2**31))
def test_blocks_give_the_logits_of_the_whole_image(network, dtype, channels, seed):
    shape, extent, side = network
    model = random_unet(channels, seed=seed, dtype=dtype, base=2, **shape)
    image = _image(channels, extent, seed)
    whole = model.logits(image)
    for block in pixel_grid(model.network.description, extent, side):
        here = model.block_logits(block, _seen(model, image, block))
        assert np.abs(here - whole[(slice(None), *block.core.slices)]).max() < TOLERANCE[dtype]


def test_the_original_depth_is_exact_in_double_precision():
    model = random_unet(depth=4, base=2, dtype=torch.float64)
    image = _image(1, (333, 300), 1)
    whole = model.logits(image)
    grid = pixel_grid(model.network.description, image.shape[1:], 64)
    assert len(grid) > 20
    for block in grid:
        here = model.block_logits(block, _seen(model, image, block))
        assert np.abs(here - whole[(slice(None), *block.core.slices)]).max() < 1e-9


def test_the_halo_is_as_far_as_pixels_are_seen_and_no_farther():
    model = random_unet(depth=2, dtype=torch.float64)
    # a maximum hides most of what is farthest
    model.network.pools = nn.ModuleList([nn.Identity(), nn.AvgPool2d(2), nn.AvgPool2d(2)])
    (stride, _), (first, last) = model.network.description.stride, pixels_needed(model.network.description, 0, 0, 4)
    assert halo(model.network.description)[0] == max(-first, last - stride)
    start = 6 * stride
    image = _image(1, (13 * stride, stride), 0)
    core = (slice(None), slice(start, start + stride))
    expected = model.logits(image)[core]

    def change(*rows):
        other = image.copy()
        other[:, list(rows)] += 0.5
        return np.abs(model.logits(other)[core] - expected).max()

    assert change(start + first) > 0
    assert change(start + last - 1) > 0
    assert change(*range(start + first), *range(start + last, image.shape[1])) == 0


def test_what_is_outside_the_mask_has_no_class_and_may_be_nan():
    model, image = random_unet(), _image(1, (40, 40), 0)
    mask = np.zeros((40, 40), bool)
    mask[10:30, 5:35] = True
    image[0, 0, 0] = np.nan
    (block,) = pixel_grid(model.network.description, (40, 40), 64)
    classes = _classes(model, image, block, mask)
    assert (classes[~mask] == 255).all()
    assert (classes[mask] < 3).all()
    nothing = model.passes()[0].nothing(block)["classes"]
    assert (nothing == 255).all()


def test_a_pixel_inside_that_is_nan_is_refused_by_its_place():
    model, image = random_unet(), _image(1, (40, 40), 0)
    image[0, 3, 7] = np.nan
    (block,) = pixel_grid(model.network.description, (40, 40), 64)
    with pytest.raises(InputError, match=r"\(y, x\) = \(3, 7\)"):
        _classes(model, image, block)


def test_a_class_is_that_of_the_highest_logit():
    model, image = random_unet(), _image(1, (33, 21), 0)
    (block,) = pixel_grid(model.network.description, (33, 21), 64)
    assert np.array_equal(_classes(model, image, block), model.logits(image).argmax(axis=0))


def test_a_scaling_with_a_channel_too_few_is_refused():
    from dataclasses import replace

    with pytest.raises(ModelError, match="one of each per channel"):
        replace(random_unet(2), mean=(0.0,))


@pytest.mark.gpu
@needs_gpu
def test_blocks_on_a_gpu_give_the_logits_of_the_whole_image():
    model, image = random_unet(depth=4, base=16), _image(1, (300, 333), 0)
    whole = model.logits(image, device="cuda")
    assert np.abs(whole - model.logits(image)).max() < 1e-3
    for block in pixel_grid(model.network.description, image.shape[1:], 128):
        here = model.block_logits(block, _seen(model, image, block), device="cuda")
        assert np.abs(here - whole[(slice(None), *block.core.slices)]).max() < 1e-4


SHAPES = (
    {"depth": 1},
    {"depth": 2, "convolutions": 1},
    {"depth": 2, "kernels": [5, 3, 1]},
    {"depth": 2, "pools": [(2, 3), (3, 2)]},
    {"depth": 3, "convolutions": 1, "kernels": [(1, 3), 3, 3, 3], "pools": [(1, 2), 2, 2]},
    {"depth": 1, "axes": 3, "kernels": [(1, 3, 3), 3], "pools": [(1, 2, 2)], "convolutions": 1},
    {"depth": 1, "axes": 3, "kernels": [(1, 3, 3)], "pools": [(1, 2, 2)], "pyramid": 1, "dilations": [1, (2, 1, 3)]},
    {"depth": 1, "axes": 3, "kernels": [[(1, 3, 3), 3]], "pools": [(1, 2, 2)], "crf": 2, "crf_radius": (1, 0, 2)},
    {"depth": 1, "convolutions": 1, "pyramid": 2, "crf": 3, "crf_radius": (1, 2)},
)


def _network(description):
    """Every weight positive and every maximum a mean: no gradient is lost on the way."""
    network = UNet(description).double().eval()
    for name, weights in network.named_parameters():
        if not name.startswith("crf"):
            weights.data.abs_().add_(0.1)
    # nobody is so sure that a softmax has no gradient
    last = network.head if network.pyramid is None else network.pyramid.head
    last.weight.data.mul_(1e-6)
    network.pools = nn.ModuleList(
        (nn.AvgPool2d if description.axes == 2 else nn.AvgPool3d)(level.factor) for level in description.down.levels
    )
    return network


def _span_with_gradient(network, axis, position, lengths):
    image = torch.ones(1, 1, *lengths, dtype=torch.float64, requires_grad=True)
    network(image)[:, 0].select(axis + 1, position).sum().backward()
    others = tuple(other for other in range(image.ndim) if other != axis + 2)
    (touched,) = torch.nonzero(image.grad.abs().sum(others), as_tuple=True)
    return int(touched.min()), int(touched.max()) + 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_pixels_that_an_output_needs_are_those_with_a_gradient(shape):
    # of one class a softmax has no gradient
    description = unet_description(1, 2 if "crf" in shape else 1, base=1, **shape)
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
