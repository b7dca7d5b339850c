import torch
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.models.unet.description import Convolution, Level, Path, UNetDescription, mean_field_of, pyramid_of
from terrazzo.models.unet.network import UNet
from terrazzo.models.unet.pixel_task import values_alive
from terrazzo.models.unet.training_task import training_bytes, weights


@st.composite
def descriptions(draw):
    """Any channels and kernels, different on both ways."""
    depth = draw(st.integers(1, 2))

    def level(factor):
        steps = st.tuples(st.integers(1, 5), st.sampled_from((1, 3)))
        made = draw(st.lists(steps, min_size=1, max_size=2))
        return Level((factor,) * 2, tuple(Convolution(channels, (side,) * 2) for channels, side in made))

    down = (level(1), *(level(2) for _ in range(depth)))
    up = Path(tuple(level(2) for _ in range(depth)))
    top, field = pyramid_of(draw(st.integers(0, 3)), 2), mean_field_of(draw(st.integers(0, 2)), 1, 2)
    return UNetDescription(draw(st.integers(1, 3)), 2, Path(down), up, 0.0, top, field)


@given(descriptions())
def test_the_weights_of_a_description_are_counted_without_making_them(description):
    made = UNet(description).state_dict()
    assert weights(description) == sum(one.numel() for name, one in made.items() if "tracked" not in name)


@given(descriptions(), st.integers(1, 3))
def test_training_holds_all_features_at_once_and_so_more_than_predicting(description, batch):
    patch = (16, 16)
    features = 0

    def count(_module, _given, found):
        nonlocal features
        features += found.numel()

    network = UNet(description)
    for module in network.modules():
        if "Conv" in type(module).__name__ or "Norm" in type(module).__name__:
            module.register_forward_hook(count)
    with torch.no_grad():
        network.eval()(torch.zeros(batch, description.inputs, *patch))
    held = training_bytes(description, batch, patch) - 4 * 5 * weights(description)
    assert held >= 4 * features
    assert held >= 4 * batch * values_alive(description, 16 * 16) / 2
