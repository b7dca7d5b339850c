from dataclasses import replace

import pytest
from genes.spaces import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.genes.draw import smallest
from terrazzo.genes.parameter import Choice, Range
from terrazzo.genes.space import default_space
from terrazzo.genes.tree import tree_of
from terrazzo.memory import WORKER_WITH_TORCH
from terrazzo.study import proposals
from terrazzo.study.projection import Images, check_fits, projected_bytes, refusal
from terrazzo.study.proposals import drawn_tree, unlike
from terrazzo.training.lattice.training_task import MOST_BYTES_IN_MEMORY
from terrazzo.training.rules.patch_source import MOST_HELD

IMAGES = Images(channels=1, classes=2, itemsize=1, extents=((96, 128),))


@settings(max_examples=25)
@given(spaces(), st.integers(0, 2**16), st.floats(1, 1.2))
def test_every_tree_that_is_drawn_fits_and_is_new(space, seed, room):
    memory = int(projected_bytes(smallest(space), IMAGES) * room)
    check_fits(space, IMAGES, memory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposals, "DRAWS", 20)
        try:
            first = drawn_tree(space, seed, 0, IMAGES, memory, set())
        except ParameterError as error:
            assert "of 20 trees of the space none fits" in str(error)  # noqa: PT017
            return
        assert projected_bytes(first, IMAGES) <= memory
        assert tree_of(first.plain(), space) == first
        other = unlike(first, seed, 1, {first.fingerprint()})
        assert other.values == first.values


@pytest.mark.parametrize("kind", ["unet", "lattice"])
def test_a_space_whose_smallest_tree_does_not_fit_is_refused_with_both_numbers(kind):
    space = default_space(kind)
    needed = projected_bytes(smallest(space), IMAGES)
    assert needed > WORKER_WITH_TORCH
    assert refusal(smallest(space), IMAGES, needed) is None
    with pytest.raises(ParameterError, match="the smallest tree of the space does not fit: it would take"):
        check_fits(space, IMAGES, needed - 1)


def test_a_unet_takes_what_training_keeps_of_the_images_as_well():
    tree = smallest(default_space())
    one, three, many = (
        projected_bytes(tree, replace(IMAGES, extents=IMAGES.extents * count)) for count in (1, 3, 100_000)
    )
    assert three - one == 2 * 96 * 128 * 2
    assert many - one == MOST_HELD - 96 * 128 * 2


def test_a_lattice_network_takes_its_tables_and_the_validation_side_as_well():
    tree = smallest(default_space("lattice"))
    one, few, many, more = (
        projected_bytes(tree, replace(IMAGES, extents=IMAGES.extents * count)) for count in (1, 3, 30_000, 60_000)
    )
    assert one < few < many
    # tables beyond a gibibyte are on disk, and of a large validation side some blocks are looked at
    assert many - one > MOST_BYTES_IN_MEMORY
    assert more - many < (many - one) / 10
    wide = default_space("lattice", 2, Range("width", 512, 512, whole=True), Choice("crf_steps", (3,)))
    assert projected_bytes(smallest(wide), IMAGES) > one


@pytest.mark.parametrize(
    ("kind", "changed", "sentence"),
    [
        ("unet", Range("dropout", 0, 1), r"dropout 1\.0 of the space makes no network .*: dropout of a U-Net is 1\.0"),
        ("unet", Range("depth", 0, 2, whole=True), "the smallest tree of the space .*: depth of a U-Net is 0"),
        ("unet", Choice("pool", (2, (1, 2, 2))), r"pool \(1, 2, 2\) .* images have 2 axes; give one for each"),
        ("unet", Range("learning_rate", 0, 1), "the smallest tree .*: learning_rate is 0.0"),
        ("unet", Choice("crf_radius", (2, 11)), r"crf_radius 11 of the space .* a radius of 0 to 10"),
        ("unet", Choice("crf", (0, 21)), r"crf 21 of the space .* must have 1 to 20 steps"),
        ("lattice", Choice("crf_steps", (0, 21)), r"crf_steps 21 of the space .* is 21; it must be 0 to 20"),
        ("lattice", Range("levels", 1, 9, whole=True), "levels 9 of the space .*: levels of a lattice network is 9"),
        ("lattice", Choice("size", (16, 1)), "size 1 of the space .*: size is 1; it must be"),
    ],
)
def test_a_space_with_a_value_that_makes_no_network_is_refused_by_its_name(kind, changed, sentence):
    with pytest.raises(ParameterError, match=sentence):
        check_fits(default_space(kind, 2, changed), IMAGES, 2**40)


def test_a_space_of_which_no_tree_fits_but_those_that_were_tried_has_no_more(monkeypatch):
    monkeypatch.setattr(proposals, "DRAWS", 5)
    space = default_space()
    least = smallest(space)
    memory = projected_bytes(least, IMAGES)
    with pytest.raises(ParameterError, match="of 5 trees of the space none fits, the last one because it would take"):
        drawn_tree(space, 0, 0, IMAGES, memory, set())
    assert drawn_tree(space, 0, 0, IMAGES, memory, {least.fingerprint()}) is None


def test_a_wider_tree_and_a_larger_image_take_more():
    narrow, wide = (default_space("unet", 2, Range("width", width, 64, log=True, whole=True)) for width in (4, 32))
    assert projected_bytes(smallest(wide), IMAGES) > projected_bytes(smallest(narrow), IMAGES)
    large = Images(channels=1, classes=2, itemsize=1, extents=((2048, 2048), (96, 128)))
    assert projected_bytes(smallest(wide), large) > projected_bytes(smallest(wide), IMAGES)
