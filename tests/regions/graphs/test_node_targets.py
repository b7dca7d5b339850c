import math

import numpy as np
import pytest
from notebook_tables import shown

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.node_targets import NodeTargets


def test_fractions_are_shares_of_the_annotated_pixels():
    targets = NodeTargets(np.array([[3, 1], [0, 0], [0, 5]], np.uint32))
    assert targets.number_of_classes == 2
    assert targets.annotated.tolist() == [4, 0, 5]
    assert targets.fractions.dtype == np.float32
    assert targets.fractions.tolist() == [[0.75, 0.25], [0, 0], [0, 1]]


def test_the_ceiling_is_what_a_perfect_labelling_gets_right():
    assert NodeTargets(np.array([[3, 1], [0, 0], [2, 6]], np.uint32)).ceiling == 9 / 12
    assert NodeTargets(np.array([[4, 0], [0, 1]], np.uint32)).ceiling == 1


def test_without_annotation_there_is_no_ceiling():
    assert math.isnan(NodeTargets(np.zeros((3, 2), np.uint32)).ceiling)


def test_counts_beyond_32_bits_add_up():
    most = np.iinfo(np.uint32).max
    targets = NodeTargets(np.array([[most, most], [most, 0]], np.uint32))
    assert targets.annotated.tolist() == [2 * most, most]
    assert targets.ceiling == pytest.approx(2 / 3)


@pytest.mark.parametrize("counts", [np.zeros((2, 2), np.int64), np.zeros(4, np.uint32), np.zeros((4, 0), np.uint32)])
def test_other_tables_are_refused(counts):
    with pytest.raises(ParameterError, match="uint32 pixel counts"):
        NodeTargets(counts)


def test_it_says_in_a_line_and_in_a_table_what_it_holds():
    targets = NodeTargets(np.zeros((12000, 3), np.uint32))
    assert repr(targets) == "<terrazzo.NodeTargets: 12,000 nodes, 3 classes>"
    assert shown(targets).rows == {"Nodes": "12,000", "Classes": "3"}
