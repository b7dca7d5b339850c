import pytest
import torch

from terrazzo.errors import ParameterError
from terrazzo.training.rules.losses import area_weighted_cross_entropy, class_weights


def random_case(seed=0, nodes=7, classes=3):
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 20, (nodes, classes), generator=generator).float()
    counts[2] = 0
    pixels = counts.sum(dim=1)
    return (
        torch.randn(nodes, classes, generator=generator),
        counts,
        counts / pixels.clamp(min=1)[:, None],
        pixels,
    )


def test_the_loss_is_the_mean_cross_entropy_of_the_pixels():
    logits, counts, fractions, pixels = random_case()
    rows, classes = counts.nonzero(as_tuple=True)
    times = counts[rows, classes].long()
    per_pixel = torch.nn.functional.cross_entropy(
        logits[rows].repeat_interleave(times, dim=0), classes.repeat_interleave(times)
    )
    assert torch.allclose(area_weighted_cross_entropy(logits, fractions, pixels), per_pixel, atol=1e-6)


def test_class_weights_multiply_the_pixels_of_a_class():
    logits, counts, fractions, pixels = random_case()
    weights = torch.tensor([1.0, 2.0, 0.5])
    expected = -(counts * weights * logits.log_softmax(dim=1)).sum() / counts.sum()
    assert torch.allclose(area_weighted_cross_entropy(logits, fractions, pixels, weights), expected, atol=1e-6)


def test_nodes_without_annotation_count_for_nothing():
    logits, _, fractions, pixels = random_case()
    other = logits.clone()
    other[2] = torch.tensor([50.0, -50.0, 0.0])
    other.requires_grad_()
    loss = area_weighted_cross_entropy(other, fractions, pixels)
    loss.backward()
    assert torch.equal(loss.detach(), area_weighted_cross_entropy(logits, fractions, pixels))
    assert not other.grad[2].any()
    assert other.grad[1].any()


def test_without_any_annotation_the_loss_is_0():
    loss = area_weighted_cross_entropy(torch.randn(3, 2), torch.zeros(3, 2), torch.zeros(3))
    assert loss == 0


def test_the_lowest_loss_is_at_the_fractions():
    _, _, fractions, pixels = random_case()
    best = area_weighted_cross_entropy((fractions + 1e-9).log(), fractions, pixels)
    for seed in range(5):
        noise = torch.randn(fractions.shape, generator=torch.Generator().manual_seed(seed))
        assert area_weighted_cross_entropy((fractions + 1e-9).log() + 0.1 * noise, fractions, pixels) > best


def test_balanced_weights_go_by_the_inverse_root_of_the_share():
    weights = class_weights(torch.tensor([900.0, 100.0]), "balanced")
    assert weights[1] / weights[0] == pytest.approx(3)
    assert float(weights @ torch.tensor([0.9, 0.1])) == pytest.approx(1)


def test_a_class_without_pixels_changes_no_other_weight():
    weights = class_weights(torch.tensor([900.0, 0.0, 100.0]), "balanced")
    assert weights[1] == 0
    assert torch.equal(weights[[0, 2]], class_weights(torch.tensor([900.0, 100.0]), "balanced"))


def test_no_weighting_gives_no_weights():
    assert class_weights(torch.tensor([1.0, 2.0]), None) is None


def test_an_unknown_weighting_is_refused():
    with pytest.raises(ParameterError, match="'median'; use 'balanced' or None"):
        class_weights(torch.tensor([1.0, 2.0]), "median")
