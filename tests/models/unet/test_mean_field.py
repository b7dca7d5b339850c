import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.models.unet.description import MeanField
from terrazzo.models.unet.mean_field import LocalMeanField

LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


def _field(seed, steps, radius, inputs, classes):
    """A field whose parameters are nobody's defaults."""
    layer = LocalMeanField(MeanField(steps, radius), inputs, classes).double()
    generator = torch.Generator().manual_seed(seed)
    for parameter in layer.parameters():
        parameter.data += 0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer


def _by_hand(layer, unary, image):
    """Mean field, pixel by pixel: unary (C, …), image (c, …)."""
    named = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    strength, reach, contrast = (np.exp(named[f"log_{name}"]) for name in ("strength", "reach", "contrast"))
    radius, places = layer.field.radius, list(np.ndindex(unary.shape[1:]))
    logits = unary.copy()
    for _ in range(layer.field.steps):
        shares = np.exp(logits) / np.exp(logits).sum(axis=0)
        following = np.empty_like(logits)
        for i in places:
            heard = np.zeros(len(unary))
            for j in places:
                d = np.subtract(j, i)
                if j == i or (np.abs(d) > radius).any():
                    continue
                unlike = (((image[(slice(None), *i)] - image[(slice(None), *j)]) / contrast) ** 2).sum()
                alike = strength[0] * np.exp(-((d / reach[0]) ** 2).sum() / 2 - unlike / 2)
                heard += (alike + strength[1] * np.exp(-((d / reach[1]) ** 2).sum() / 2)) * shares[(slice(None), *j)]
            following[(slice(None), *i)] = unary[(slice(None), *i)] - named["badly"] @ heard
        logits = following
    return logits


@settings(max_examples=20)
@given(
    st.integers(0, 2**31),
    st.sampled_from([((5, 6), (2, 1)), ((1, 4), (2, 2)), ((2, 4, 3), (1, 0, 2)), ((3, 3, 3), (0, 1, 1))]),
    st.integers(1, 3),
)
def test_it_is_the_mean_field_of_a_slow_loop(seed, case, steps):
    extent, radius = case
    rng = np.random.default_rng(seed)
    layer = _field(seed, steps, radius, 2, 3)
    unary, image = rng.standard_normal((3, *extent)), rng.standard_normal((2, *extent))
    found = layer(torch.from_numpy(unary)[None], torch.from_numpy(image)[None])[0]
    assert np.allclose(found.detach().numpy(), _by_hand(layer, unary, image), atol=1e-9)


@settings(max_examples=30)
@given(
    st.integers(0, 2**31),
    st.sampled_from(
        [((9, 40), (2, 1)), ((2, 3), (1, 3)), ((30, 5), (3, 2)), ((3, 5, 18), (1, 1, 2)), ((2, 4, 3), (1, 0, 2))]
    ),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(2, 5),
)
def test_without_gradients_a_kernel_says_the_same(seed, case, steps, inputs, classes):
    extent, radius = case
    generator = torch.Generator().manual_seed(seed)
    layer = _field(seed, steps, radius, inputs, classes).float()
    unary = 3 * torch.randn(2, classes, *extent, generator=generator)
    image = torch.randn(2, inputs, *extent, generator=generator).to(memory_format=LAST[len(extent)])
    expected = layer(unary, image).detach()
    with torch.inference_mode():
        found = layer(unary, image)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_its_gradients_are_those_of_small_differences():
    layer = _field(0, 2, (1, 1), 1, 2)
    unary = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    image = torch.randn(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    names, values = zip(*layer.named_parameters(), strict=True)

    def said(unary, image, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (unary, image))

    assert torch.autograd.gradcheck(said, (unary, image, *values))


def test_at_first_a_speck_gives_way_to_those_around_but_not_across_an_edge():
    layer = LocalMeanField(MeanField(5, (2, 2)), 1, 2)
    unary = torch.zeros(1, 2, 9, 9)
    unary[:, 0, :, :5], unary[:, 1, :, 5:] = 1, 1
    unary[0, :, 4, 2] = torch.tensor([0.0, 0.5])
    image = torch.zeros(1, 1, 9, 9)
    image[..., 5:] = 3
    with torch.no_grad():
        found = layer(unary, image).argmax(dim=1)[0]
    assert (found[:, :5] == 0).all()
    assert (found[:, 5:] == 1).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_it_computes_in_the_images_precision(dtype):
    layer = LocalMeanField(MeanField(2, (1, 1)), 1, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.zeros(1, 2, 4, 4, dtype=dtype), torch.zeros(1, 1, 4, 4)).dtype == torch.float32
