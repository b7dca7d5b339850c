import pytest
from segmented import grid_of

from terrazzo.regions.graphs.block_graph import graph_window
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import AREA, INTENSITY, scale_space
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def test_a_recipe_names_the_columns_of_its_tables():
    recipe = Recipe(2, features=(AREA, INTENSITY))
    assert recipe.node_columns == ("area", "mean_0", "std_0", "mean_1", "std_1")
    assert recipe.edge_columns == ("boundary_length", "contrast_0", "contrast_1")


def test_a_recipe_of_volumes_names_the_area_of_boundaries():
    recipe = Recipe(1, SuperpixelParameters((4, 8, 8)), (AREA,))
    assert recipe.edge_columns == ("boundary_area", "contrast_0")


@pytest.mark.parametrize("features", [(AREA,), (scale_space(16),)])
def test_the_window_of_a_block_holds_what_its_labels_and_its_graph_need(features):
    recipe = Recipe(1, SuperpixelParameters((8, 8), iterations=2), features)
    for block in grid_of((400, 500), (8, 8), (16, 16)):
        window = recipe.window(block)
        for part in (recipe.superpixels.window(block, LABEL_MARGIN), graph_window(block, features)):
            assert part.grown(0, (400, 500)).hull(window) == window


def test_the_window_of_a_volumes_block_holds_what_its_labels_and_its_graph_need():
    recipe = Recipe(1, SuperpixelParameters((2, 4, 4), iterations=1), (scale_space(16),))
    for block in grid_of((30, 300, 290), (2, 4, 4), (4, 20, 20)):
        window = recipe.window(block)
        for part in (recipe.superpixels.window(block, LABEL_MARGIN), graph_window(block, recipe.features)):
            assert part.grown(0, (30, 300, 290)).hull(window) == window


def test_wide_features_widen_the_window():
    block = grid_of((2000, 2000), (8, 8), (16, 16))[4, 4]
    narrow, wide = (Recipe(1, features=features).window(block) for features in ((AREA,), (scale_space(64),)))
    assert wide.start < narrow.start
    assert wide.stop > narrow.stop


def test_equal_recipes_describe_themselves_alike():
    assert Recipe(1) == Recipe(1)
    assert repr(Recipe(1, features=(scale_space(4),))) == repr(Recipe(1, features=(scale_space(4),)))
