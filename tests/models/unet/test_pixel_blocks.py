import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from unets import random_unet

from terrazzo.errors import InputError, ModelError
from terrazzo.models.passes.declared import Seen
from terrazzo.models.unet.pixel_blocks import halo, pixel_grid, pixel_window, pixels_needed

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@st.composite
def networks(draw):
    """Shapes of networks, with an extent of several blocks for each."""
    if draw(st.booleans()):
        shape = {"depth": draw(st.integers(1, 3)), "convolutions": draw(st.integers(1, 2))}
        shape["pools"] = draw(st.sampled_from((2, [(2, 3)], [(1, 2)])))
        extent = (draw(st.integers(1, 130)), draw(st.integers(1, 130)))
        return shape, extent, draw(st.integers(1, 48))
    shape = {"axes": 3, "depth": draw(st.integers(1, 2)), "convolutions": draw(st.integers(1, 2))}
    shape["kernels"] = draw(st.sampled_from((3, [(1, 3, 3)])))
    shape["pools"] = draw(st.sampled_from((2, [(1, 2, 2)])))
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
