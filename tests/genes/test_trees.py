import json
import math

import numpy as np
import pytest
from genes.spaces import spaces
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.genes.anatomy import ANATOMIES, sort_of
from terrazzo.genes.draw import drawn, mutated, smallest, with_values
from terrazzo.genes.networks import lattice_of, size_of, training_of, unet_of
from terrazzo.genes.parameter import Choice, Range
from terrazzo.genes.space import default_space, space_of
from terrazzo.genes.tree import Gene, Tree, tree_of

SEEDS = st.integers(0, 2**32)


def summed(parameter, root, path):
    """The value at a gene as the definition says it, in a way of its own."""
    total = sum(gene.deltas.get(parameter.name, 0) for gene in path)
    if isinstance(parameter, Choice):
        place = parameter.choices.index(root) + total
        return parameter.choices[int(np.clip(place, 0, len(parameter.choices) - 1))]
    value = np.clip(root * 2.0**total if parameter.log else root + total, parameter.low, parameter.high)
    return round(float(value)) if parameter.whole else value


def check(tree):
    """Hold all that is promised of a tree."""
    anatomy = ANATOMIES[tree.space.kind]
    for path in tree.paths():
        gene, height = path[-1], anatomy.height(path[-1].name)
        for parameter in tree.space.parameters:
            value = tree.at(path, parameter.name)
            assert parameter.holds(value)
            assert value == pytest.approx(summed(parameter, tree.values[parameter.name], path), rel=1e-12)
            assert abs(gene.deltas.get(parameter.name, 0)) <= parameter.delta(height)
    again = tree_of(json.loads(json.dumps(tree.plain())), space_of(json.loads(json.dumps(tree.space.plain()))))
    assert again == tree
    assert again.fingerprint() == tree.fingerprint()


@given(spaces(), SEEDS)
def test_every_tree_is_within_its_bounds_with_deltas_that_sum_right_and_survives_json(space, seed):
    tree = drawn(space, np.random.default_rng(seed))
    check(tree)
    assert tree == drawn(space, np.random.default_rng(seed))
    check(smallest(space))
    assert all(tree.values[one.name] == one.least for tree in [smallest(space)] for one in space.parameters)


@given(spaces(), SEEDS, st.floats(0, 1))
def test_a_mutation_keeps_the_roots_values_and_the_genes_that_are_not_drawn_again(space, seed, share):
    rng = np.random.default_rng(seed)
    tree = drawn(space, rng)
    changed = mutated(tree, rng, share)
    check(changed)
    assert changed.values == tree.values
    before = {tuple(gene.name for gene in path): path[-1].deltas for path in tree.paths()}
    after = {tuple(gene.name for gene in path): path[-1].deltas for path in changed.paths()}
    if share == 0:
        # one gene is drawn again, and with it what it decides: genes below that were not there before
        others = [name for name in after if name in before and after[name] != before[name]]
        assert len(others) <= 1


@given(spaces(), SEEDS)
def test_other_values_of_free_parameters_leave_the_genes_as_they_are(space, seed):
    rng = np.random.default_rng(seed)
    tree = drawn(space, rng)
    other = with_values(tree, {parameter.name: parameter.drawn(rng) for parameter in space.free})
    check(other)
    assert other.root == tree.root


@given(st.sampled_from((2, 3)).flatmap(lambda axes: st.tuples(st.just(axes), spaces(axes), SEEDS)))
def test_a_tree_builds_the_network_that_its_genes_say(drawn_in):
    axes, space, seed = drawn_in
    tree = drawn(space, np.random.default_rng(seed))
    assert set(training_of(tree)) == {"learning_rate", "weight_decay"}
    if space.kind == "lattice":
        settings, genes = lattice_of(tree), {gene.name: (tree.root, gene) for gene in tree.root.below}
        assert settings.levels == tree.values["levels"]
        assert settings.width == tree.at(genes["stem"], "width")
        assert settings.finest == tree.at(genes["level finest"], "rounds")
        assert ("level coarser" in genes) == (settings.levels > 0)
        assert settings.crf_steps == (tree.at(genes["field"], "crf_steps") if tree.values["crf_steps"] else 0)
        assert size_of(tree) in space["size"].choices
        return
    description = unet_of(tree, 2, 3, axes)
    assert (description.inputs, description.classes, description.axes) == (2, 3, axes)
    assert description.depth == tree.values["depth"]
    ways, on_top = tree.root.below[:2], {gene.name: (tree.root, gene) for gene in tree.root.below[2:]}
    assert set(on_top) == {gene for gene, name in (("pyramid", "pyramid"), ("field", "crf")) if tree.values[name]}
    channels = tree.at(on_top["pyramid"], "pyramid") if "pyramid" in on_top else 0
    assert channels == (0 if description.pyramid is None else description.pyramid.channels)
    steps = tree.at(on_top["field"], "crf") if "field" in on_top else 0
    assert steps == (0 if description.crf is None else description.crf.steps)
    if steps:
        radius = tree.at(on_top["field"], "crf_radius")
        assert description.crf.radius == ((0,) * (axes - 2) + (radius,) * 2 if isinstance(radius, int) else radius)
    for way, levels in zip(ways, (description.down, description.up), strict=True):
        for stack, level in zip(way.below, levels.levels, strict=True):
            number = int(stack.name.split()[1])
            assert len(level.convolutions) == tree.at((tree.root, way, stack), "convolutions")
            for gene, made in zip(stack.below, level.convolutions, strict=True):
                path = (tree.root, way, stack, gene)
                kernel = tree.at(path, "kernel")
                assert made.channels == tree.at(path, "width") * 2**number
                assert made.kernel == ((kernel,) * axes if isinstance(kernel, int) else kernel)


def test_a_space_may_have_kernels_per_axis_and_refuses_those_of_other_axes():
    space = default_space("unet", 3, Choice("kernel", [(1, 3, 3), (3, 3, 3)]), Choice("pool", [(1, 2, 2)]))
    tree = drawn(space, np.random.default_rng(0))
    assert unet_of(tree, 1, 2, 3).stride[0] == 1
    assert any(space["pyramid"].ends)  # something has to look along z
    assert not any(default_space("unet", 3, Choice("kernel", [(3, 3, 3), 5]))["pyramid"].ends)
    with pytest.raises(ParameterError, match="images have 2 axes; give one for each"):
        unet_of(tree, 1, 2, 2)
    with pytest.raises(ParameterError, match="of kind 'unet' is given"):
        lattice_of(tree)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Range("width", 64, 4), "width goes from 64 to 4; the lower end comes first"),
        (lambda: Range("width", 0, 4, log=True), "above 0 on a logarithmic scale"),
        (lambda: Range("width", 1.5, 4, whole=True), "must be whole numbers"),
        (lambda: Range("depth", 1, 4, deltas=(0.5,), whole=True), "must be whole numbers"),
        (lambda: Range("width", 1, 4, deltas=(-1,)), "at least 0"),
        (lambda: Range("width", 1, math.inf), "must be finite"),
        (lambda: Choice("kernel", []), "at least one, each once"),
        (lambda: default_space("forest"), "no trees of kind 'forest'"),
        (lambda: default_space("unet", 2, Range("widht", 1, 2)), "no parameter 'widht'"),
        (lambda: default_space("unet", 2, Range("depth", 1, 4)), "depth of a space is 1 to 4; give whole numbers"),
        (lambda: default_space("unet", 2, Choice("width", (4, 8.0))), r"width of a space is 4 or 8\.0; give whole"),
        (lambda: default_space("unet", 2, Range("kernel", 3, 5, whole=True)), "give a Choice of odd numbers"),
        (lambda: default_space("unet", 2, Choice("kernel", (3, 4))), "kernel of a space is 3 or 4; give a Choice"),
        (lambda: default_space("unet", 2, Choice("dropout", ("much",))), "dropout of a space is much; give numbers"),
        (lambda: default_space("lattice", 2, Choice("size", ((8, 8.5),))), "give whole numbers"),
        (lambda: default_space("unet", 4), "must be 2 or 3"),
        (lambda: space_of({"parameters": []}), "a space has a kind"),
        (lambda: space_of({"kind": "unet", "parameters": [{"name": "width", "lo": 3}]}), "no setting 'lo'"),
        (lambda: space_of({"kind": "unet", "parameters": [{"name": "width", "low": 3}]}), "give numbers"),
        (lambda: space_of({"kind": "unet", "parameters": ["width"]}), "give its name"),
        (lambda: mutated(smallest(default_space()), np.random.default_rng(0), 2), "between 0 and 1"),
    ],
)
def test_a_space_that_is_none_is_one_sentence(wrong, sentence):
    with pytest.raises(ParameterError, match=sentence):
        wrong()


def test_two_spaces_are_told_apart_by_their_words():
    ranges = (
        Range("dropout", 0, 0.25),
        Range("dropout", 0, 0.2500001),
        Range("dropout", 0.1, 0.25),
        Range("dropout", 0.1, 0.25, log=True),
        Range("dropout", 0.1, 0.25, deltas=(0.1,)),
        Range("dropout", 0.1, 0.25, deltas=(0.1000001,)),
        Choice("dropout", (0, 1)),
        Range("dropout", 0, 1),
        Range("dropout", 0, 1, whole=True),
    )
    said = [default_space("unet", 2, one).said()["dropout"] for one in ranges]
    assert len(set(said)) == len(said)
    assert said[1] == "0 to 0.2500001"


def test_a_tree_of_before_pyramids_and_random_fields_were_drawn_opens_without_them():
    # what no tree has is not told, so that a study of then goes on
    off = Choice("crf", (0,)), Choice("crf_steps", (0,))
    for kind, switch, added in (("unet", off[0], {"pyramid", "crf", "crf_radius"}), ("lattice", off[1], {"crf_steps"})):
        space = default_space(kind, 2, switch)
        tree = drawn(space, np.random.default_rng(0))
        plain = tree.plain()
        plain["values"] = {name: value for name, value in plain["values"].items() if name not in added}
        assert not added & set(space.said())
        with_field = {"values": plain["values"] | {switch.name: 3}, "genes": plain["genes"]}
        assert tree_of(plain, space).values == tree.values | ({"crf_radius": 2} if kind == "unet" else {})
        always = default_space(kind, 2, Choice(switch.name, (3,)))
        assert {switch.name} <= set(always.said())
        with pytest.raises(ParameterError, match=f"{switch.name} of a tree is 0; its space has 3"):
            tree_of(plain, always)
        with pytest.raises(ParameterError, match=f"{switch.name} of a tree is 3; its space has 0"):
            tree_of(with_field, space)


def test_a_tree_that_is_none_of_its_space_is_refused():
    space = default_space("unet")
    tree = smallest(space)
    with pytest.raises(ParameterError, match="width of a tree is 1000; its space has 4 to 48"):
        Tree(space, tree.values | {"width": 1000}, tree.root)
    with pytest.raises(ParameterError, match="below the gene 'down'"):
        Tree(space, tree.values | {"depth": 3}, tree.root)
    down, up = tree.root.below
    with pytest.raises(ParameterError, match="has the delta 9 of width, out of its range"):
        Tree(space, tree.values, Gene("network", {}, (Gene("down", {"width": 9}, down.below), up)))
    with pytest.raises(ParameterError, match="no values and genes of a tree"):
        tree_of({"values": {}}, space)


def test_a_tree_is_drawn_with_the_values_that_its_network_has():
    space = default_space("unet", 2, Choice("crf", (3,)), Choice("crf_radius", (2,)))
    lines = drawn(space, np.random.default_rng(1)).lines()
    assert lines[0][:2] == (0, "network")
    assert lines[-1] == (1, "field", "crf 3, crf radius 2")
    assert {sort_of(name) for _, name, _ in lines} == {"network", "down", "up", "stack", "convolution", "field"}
    assert all("kernel" in said and "width" in said for _, name, said in lines if name.startswith("convolution"))
    up = next(place for place, (_, name, _) in enumerate(lines) if name == "up")
    for place, (_, name, said) in enumerate(lines):
        assert ("pool" in said) == (name.startswith("stack") and name != "stack 0" and place < up)
