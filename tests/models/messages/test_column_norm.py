import pytest
import torch

from terrazzo.models.messages.column_norm import CERTAIN, ColumnNorm


def rows(*shape, seed=0, mean=0.0, deviation=1.0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * deviation + mean


def remembering(mean=0.0, deviation=1.0):
    """Return a norm that has seen many batches of one kind."""
    norm = ColumnNorm(3)
    for seed in range(CERTAIN + 20):
        norm(rows(1, 20, 20, 3, seed=seed, mean=mean, deviation=deviation), None)
    return norm


def test_the_first_batches_are_scaled_by_themselves():
    scaled = ColumnNorm(3)(rows(2, 8, 8, 3, mean=7, deviation=4), None).detach().flatten(0, -2)
    assert torch.allclose(scaled.mean(dim=0), torch.zeros(3), atol=1e-5)
    assert torch.allclose(scaled.std(dim=0, correction=0), torch.ones(3), atol=1e-4)


def test_once_enough_is_remembered_training_gives_what_prediction_will():
    norm = remembering(mean=2, deviation=3)
    unlike = rows(1, 20, 20, 3, mean=5, deviation=6)
    mean, variance = norm.mean.clone(), norm.variance.clone()
    trained = norm(unlike, None)
    norm.mean, norm.variance = mean, variance
    assert torch.allclose(trained, norm.eval()(unlike, None), atol=1e-4)


@pytest.mark.parametrize("norm", [ColumnNorm(3), remembering(mean=1)], ids=["new", "remembering"])
def test_a_mask_of_which_all_is_there_changes_neither_values_nor_gradients(norm):
    state = {name: value.clone() for name, value in norm.state_dict().items()}
    found = []
    for there in (None, torch.ones(2, 4, 4, 1)):
        norm.load_state_dict(state)
        norm.zero_grad()
        h = rows(2, 4, 4, 3, mean=3).requires_grad_()
        scaled = norm(h, there)
        (scaled**3).sum().backward()
        found.append([scaled, h.grad, norm.weight.grad.clone(), norm.bias.grad.clone(), norm.mean, norm.variance])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_absent_rows_have_no_say():
    there = torch.ones(1, 6, 6, 1)
    there[:, 3:] = 0
    h = rows(1, 6, 6, 3, mean=3) * there
    masked = ColumnNorm(3)(h, there)[:, :3]
    assert torch.allclose(masked, ColumnNorm(3)(h[:, :3], None), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 1, 3)])
def test_a_batch_may_have_a_single_row(shape):
    assert torch.isfinite(ColumnNorm(3)(rows(*shape), None)).all()
