import copy
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from unets import random_unet

from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.training.rules.overlap_losses import overlap_loss
from terrazzo.training.rules.split_blocks import GAP_CELLS
from terrazzo.training.rules.split_sources import split_sources
from terrazzo.training.unet.patch_batches import (
    Patch,
    PatchBatch,
    Patches,
    TrainingPatches,
    ValidationPatches,
    augmented,
)

CPU = torch.device("cpu")
ONE = np.ones(1, np.float32)


def _annotated(shape, seed=0, share=1.0):
    """Pixels that hold their own class, and the annotation: a mosaic, in part not annotated."""
    rng = np.random.default_rng(seed)
    classes = np.kron(rng.integers(0, 3, [-(-n // 8) for n in shape]), np.ones((8,) * len(shape), int))
    truth = classes[tuple(slice(n) for n in shape)].astype(np.uint8)
    known = rng.random(shape) < share
    return truth[None].astype(np.float32), np.where(known, truth, 255).astype(np.uint8)[None]


def _patches(sources, shape, batch=2, **more):
    return Patches(sources, shape, batch, 0 * ONE, ONE, CPU, **more)


def _batch(pixels, truth, **more):
    return PatchBatch(pixels, truth, torch.ones(truth.shape), **more)


def _patch(pixels, truth):
    return Patch(pixels, truth, truth.astype(np.float32))


@settings(max_examples=20)
@given(st.integers(150, 260), st.integers(150, 260), st.sampled_from((16, 32, 64)), st.integers(0, 2**31))
def test_each_held_out_pixel_is_judged_once_and_no_other(height, width, side, seed):
    pixels, truth = _annotated((height, width), seed, share=0.7)
    (source,) = split_sources([pixels], [truth], 3, seed=seed)
    held = np.zeros((height, width), bool)
    for block in source.held_out:
        held[block.core.slices] = True
    expected = np.bincount(truth[0][held], minlength=256)[:3]
    found = np.zeros(3)
    batches = ValidationPatches(_patches([source], (side, side)), seed)
    for batch in batches:
        known = batch.truth != 255
        assert torch.equal(batch.pixels[:, 0][known], batch.truth[known].float())
        found += np.bincount(batch.truth[known], minlength=3)
    if len(batches) < 32:
        assert (found == expected).all()
    assert found.sum() > 0


def test_of_many_patches_some_with_a_rare_class_are_judged():
    pixels, truth = _annotated((260, 260))
    truth[truth == 2] = 0
    truth[0, :40, :40] = truth[0, -40:, -40:] = 2
    (source,) = split_sources([pixels], [truth], 3)
    found = [batch.truth for batch in ValidationPatches(_patches([source], (16, 16)), seed=0, most=6)]
    assert sum(len(one) for one in found) == 6
    assert (torch.cat(found) == 2).any()


@pytest.mark.parametrize("shape", [(260, 260), (48, 80, 96)])
def test_a_patch_is_judged_for_a_class_by_what_lies_in_it(shape):
    pixels, truth = _annotated(shape)
    (source,) = split_sources([pixels], [truth], 3)
    truth[truth == 2] = 0
    for block in source.held_out:
        # a corner of some tiles, which many small patches touch
        truth[0][tuple(slice(a, a + 4) for a in block.core.start)] = 2
    (source,) = split_sources([pixels], [truth], 3)
    judged = [batch.truth for batch in ValidationPatches(_patches([source], (4,) * len(shape)), seed=0, most=12)]
    by_patch = [one for batch in judged for one in batch]
    assert len(by_patch) == 12
    assert all((one != 255).any() for one in by_patch)
    assert sum((one == 2).any() for one in by_patch) >= min(2, len(source.held_out))


@pytest.mark.parametrize("shape", [(200, 230), (24, 80, 90)])
def test_training_sees_no_annotation_that_is_held_out_or_near_it(shape):
    axes = len(shape)
    pixels, truth = _annotated(shape)
    # every annotated pixel has an intensity of its own
    pixels = np.arange(truth.size, dtype=np.float32).reshape(truth.shape)
    (source,) = split_sources([pixels], [truth], 3)
    assert source.held_out
    near = np.zeros(shape, bool)
    for block in source.held_out:
        near[block.pixels(GAP_CELLS).slices] = True
    seen = np.zeros(shape, bool)
    side = (32,) * axes if axes == 2 else (8, 16, 16)
    patches = _patches([source], side)
    rng = np.random.default_rng(0)
    for _ in range(300):
        start = tuple(int(rng.integers(n - s + 1)) for n, s in zip(shape, side, strict=True))
        read, known, _ = patches.read(0, start, validation=False)
        assert np.array_equal(read[0], pixels[0][tuple(slice(a, a + s) for a, s in zip(start, side, strict=True))])
        window = tuple(slice(a, a + s) for a, s in zip(start, side, strict=True))
        assert not (known != 255)[near[window]].any()
        assert np.array_equal(known[known != 255], truth[0][window][known != 255])
        seen[window] |= known != 255
    assert seen.mean() > 0.3


def test_patches_are_drawn_by_annotated_area():
    pixels, truth = _annotated((256, 256))
    truth[:] = 255
    truth[0, :32, :32], truth[0, 16:32, :32] = 0, 1
    truth[0, 128:136, 128:160], truth[0, 132:136, 128:160] = 0, 1
    other = truth.copy()
    sources = split_sources([pixels, pixels, pixels], [truth, truth, other], 3)
    training = TrainingPatches(_patches(sources, (32, 32), batch=1))
    places = [training._patch(np.random.default_rng(seed))[1] for seed in range(400)]
    dense = sum((place != 255).sum() > 256 for place in places)
    assert 0.6 < dense / len(places) < 0.9  # 4 of 5 annotated pixels lie in the larger place


def test_a_batch_is_its_seed_and_an_epoch_a_run_of_them():
    pixels, truth = _annotated((160, 160))
    training = TrainingPatches(_patches(split_sources([pixels], [truth], 3), (32, 32)))
    first, second = (list(training.epoch(np.random.default_rng(5))) for _ in range(2))
    assert len(first) == len(training) >= 8
    assert all(
        torch.equal(a.pixels, b.pixels) and torch.equal(a.truth, b.truth) for a, b in zip(first, second, strict=True)
    )
    assert not torch.equal(first[0].pixels, first[1].pixels)


def test_only_chunks_under_a_patch_are_computed():
    computed = []

    def chunk(block_info=None):
        where = block_info[None]["array-location"]
        computed.append(where)
        return np.zeros([stop - start for start, stop in where], np.float32)

    lazy = da.map_blocks(
        chunk, chunks=((1,), (50,) * 20, (50,) * 20), dtype=np.float32, meta=np.empty((0,) * 3, np.float32)
    )
    _, truth = _annotated((1000, 1000), share=0.2)
    (source,) = split_sources([lazy], [da.from_array(truth, chunks=(1, 300, 300))], 3)
    assert computed == []
    _patches([source], (64, 64)).read(0, (100, 100), validation=False)
    assert len(computed) == 4


def test_an_image_smaller_than_a_patch_is_filled_with_its_last_pixels_without_annotation():
    pixels, truth = _annotated((40, 100))
    sources = split_sources([pixels] * 3, [truth] * 3, 3)
    read, known, counts = _patches(sources, (64, 32)).read(0, (0, 10), validation=False)
    assert (counts[:40] == 1).all()
    assert read.shape == (1, 64, 32)
    assert (read[0, 40:] == read[0, 39]).all()
    assert (known[40:] == 255).all()


def test_a_pixel_that_is_nan_is_an_error_that_names_it():
    pixels, truth = _annotated((64, 64))
    pixels[0, 33, 2] = np.nan
    sources = split_sources([pixels] * 3, [truth] * 3, 3)
    with pytest.raises(InputError, match=r"\(y, x\) = \(33, 2\)"):
        _patches(sources, (64, 64)).read(0, (0, 0), validation=False)


def test_the_loss_is_the_mean_over_annotated_pixels_weighted_by_class():
    logits = torch.randn(2, 3, 5, 4)
    truth = torch.randint(0, 3, (2, 5, 4))
    truth[0, :2] = 255
    weights = torch.tensor([1.0, 2.0, 0.5])
    graded = _batch(logits, truth).graded(nn.Identity(), weights)
    known = truth != 255
    rows = logits.movedim(1, -1)[known]
    by_hand = functional.cross_entropy(rows, truth[known], reduction="none") * weights[truth[known]]
    assert graded.loss == pytest.approx(by_hand.mean().item(), rel=1e-5)
    assert graded.accuracy == pytest.approx((rows.argmax(dim=1) == truth[known]).float().mean().item())
    assert graded.pixels == known.sum()


def test_what_pixels_count_for_weighs_cross_entropy_and_overlap():
    logits, truth = torch.randn(2, 3, 5, 4), torch.randint(0, 3, (2, 5, 4))
    truth[0, :2] = 255
    known, counts = truth != 255, torch.rand(2, 5, 4) + 1
    rows = logits.movedim(1, -1)[known]
    each = functional.cross_entropy(rows, truth[known], reduction="none")
    entropy = (each * counts[known]).sum() / counts[known].sum()
    for loss in ("cross-entropy", "dice", "lovasz"):
        expected = entropy + overlap_loss(loss, rows, truth[known], counts[known])
        graded = PatchBatch(logits, truth, counts, loss).graded(nn.Identity(), None)
        assert graded.loss.item() == pytest.approx(expected.item(), rel=1e-5)
        assert graded.pixels == known.sum()


def test_while_it_learns_a_hybrid_pays_a_third_for_what_it_says_before_its_pyramid():
    network = random_unet(axes=3, classes=3, kernels=[(1, 3, 3)], pools=[(1, 2, 2)], pyramid=2).network
    batch = _batch(torch.randn(1, 1, 2, 8, 8), torch.randint(0, 3, (1, 2, 8, 8)))
    judged = batch.graded(network, None)
    said, before = (functional.cross_entropy(logits, batch.truth).item() for logits in network.heads(batch.pixels))
    assert judged.loss.item() == pytest.approx(said, rel=1e-2)
    for module in network.modules():
        # in training alone, and its numbers as in evaluation
        module.training = module is network
    assert batch.graded(network, None).loss.item() == pytest.approx(said + 0.33 * before, rel=1e-2)


@pytest.mark.parametrize("shape", [(90, 100), (3, 60, 70)])
def test_what_pixels_count_for_is_that_of_the_whole_side_wherever_a_patch_lies(shape):
    pixels, truth = _annotated(shape, share=0.8)
    (source,) = split_sources([pixels], [truth], 3)
    weighted = BoundaryWeights(2.0, 1.5)
    side = (1, 16, 16)[-len(shape) :]
    patches = _patches([source], side, weighted=weighted)
    rng = np.random.default_rng(0)
    for validation in (False, True):
        whole = weighted.of(source.read_truth(Box((0,) * len(shape), shape), validation))
        for _ in range(20):
            start = tuple(int(rng.integers(n - s + 1)) for n, s in zip(shape, side, strict=True))
            window = tuple(slice(a, a + s) for a, s in zip(start, side, strict=True))
            assert np.array_equal(patches.read(0, start, validation).counts, whole[window])


@pytest.mark.parametrize("loss", ["cross-entropy", "dice", "lovasz"])
def test_a_batch_without_annotation_costs_nothing(loss):
    batch = _batch(torch.randn(1, 3, 4, 4), torch.full((1, 4, 4), 255), loss=loss)
    graded = batch.graded(nn.Identity(), None)
    assert (graded.loss, graded.pixels) == (0, 0)


@pytest.mark.parametrize("extent", [(12, 12), (12, 8), (3, 10, 10), (3, 10, 6)])
def test_pixels_and_their_classes_move_together_and_sections_stay_sections(extent):
    truth = np.arange(np.prod(extent)).reshape(extent)
    pixels = truth[None].astype(np.float32)
    seen = set()
    for seed in range(60):
        brighter, moved, counts = augmented(_patch(pixels, truth), np.random.default_rng(seed))
        assert np.array_equal(counts, moved)
        assert moved.shape == extent
        slope, offset = np.polyfit(moved.ravel(), brighter.ravel(), 1)
        assert np.allclose(brighter, slope * moved + offset, atol=1e-2)
        if len(extent) == 3:
            section = np.prod(extent[1:])
            assert all(len(np.unique(one // section)) == 1 for one in moved)
        seen.add(moved.tobytes())
    square = extent[-1] == extent[-2]
    assert len(seen) == (8 if square else 4) * (2 if len(extent) == 3 else 1)


def test_channels_change_by_themselves():
    pixels = np.ones((2, 4, 4), np.float32)
    brighter = augmented(_patch(pixels, np.zeros((4, 4), np.uint8)), np.random.default_rng(0)).pixels
    first, second = brighter.reshape(2, -1)
    assert np.ptp(first) == np.ptp(second) == 0
    assert first[0] != second[0]
    assert np.abs(brighter - 1).max() < 1


@given(st.floats(-3, 0), st.integers(0, 2**31))
def test_a_gain_leaves_the_dark_as_it_is(dark, seed):
    pixels = np.array([dark, dark + 1, dark + 2], np.float32).reshape(1, 1, 3)
    patch = _patch(pixels, np.arange(3).reshape(1, 3))
    brighter, truth, _ = augmented(patch, np.random.default_rng(seed), dark)
    ordered = brighter.ravel()[np.argsort(truth.ravel())]
    assert np.ptp(np.diff(ordered)) < 1e-4
    about_zero = augmented(patch._replace(pixels=pixels - np.float32(dark)), np.random.default_rng(seed)).pixels
    assert np.allclose(about_zero + dark, brighter, atol=1e-4)


def test_training_takes_an_exposure_to_be_a_gain_of_the_raw_intensities():
    _, truth = _annotated((64, 64))
    zeros = np.zeros((1, 64, 64), np.float32)
    patches = Patches(split_sources([zeros] * 3, [truth] * 3, 3), (32, 32), 64, 20 * ONE, 10 * ONE, CPU)
    means = TrainingPatches(patches).drawn(0).pixels.mean(dim=(1, 2, 3))
    # raw zeros stay what they are, -2 on the network's scale, but for the offset
    assert means.mean() == pytest.approx(-2, abs=0.15)
    assert means.std() == pytest.approx(0.3, rel=0.3)


def test_bfloat16_changes_a_loss_by_rounding_alone(monkeypatch):
    torch.manual_seed(0)
    network = nn.Conv2d(3, 3, 3, padding=1)
    batch = _batch(torch.randn(2, 3, 16, 16), torch.randint(0, 3, (2, 16, 16)))
    losses = []
    for has in (True, False):
        monkeypatch.setattr("terrazzo.training.unet.patch_batches.has_bfloat16", lambda _, has=has: has)
        losses.append(batch.graded(network, None).loss.item())
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


@pytest.mark.parametrize("sections", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [{"kernels": [(1, 3, 3), 3]}, {"kernels": [(1, 3, 3)], "pyramid": 3}])
def test_gradients_of_thin_volumes_are_those_in_double_precision(sections, shape):
    # on a processor that has bfloat16, oneDNN's are noise or NaN where a kernel is longer than the volume
    torch.manual_seed(0)
    network = random_unet(axes=3, base=8, depth=1, pools=[(1, 2, 2)], convolutions=1, **shape).network.train()
    double = copy.deepcopy(network).double()
    batch = _batch(torch.randn(2, 1, sections, 16, 16), torch.randint(0, 3, (2, sections, 16, 16)))
    for one, pixels in ((network, batch.pixels), (double, batch.pixels.double())):
        replace(batch, pixels=pixels).graded(one, None).loss.backward()
    for mine, exact in zip(network.parameters(), double.parameters(), strict=True):
        assert (mine.grad - exact.grad).norm() <= 0.5 * exact.grad.norm() + 1e-2
