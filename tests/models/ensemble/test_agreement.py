import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrazzo.models.ensemble.agreement import Agreement

CLASSES, PIXELS = 3, 40
SAID = st.tuples(
    arrays(np.uint8, PIXELS, elements=st.sampled_from([0, 1, 2, 255])),
    arrays(np.uint8, (CLASSES, PIXELS), elements=st.integers(0, 255)),
)


def agreed(said, vote=False):
    one = Agreement((PIXELS,), CLASSES, vote=vote)
    for classes, planes in said:
        one.add(classes, planes)
    return one


def slowly(said, vote):
    """Pixel by pixel, in floats: the mean of those that give a class, or their votes; 255 where none does."""
    found = []
    for pixel in range(PIXELS):
        having = [(classes[pixel], planes[:, pixel]) for classes, planes in said if classes[pixel] != 255]
        votes = np.bincount([own for own, _ in having], minlength=CLASSES)
        mean = np.mean([planes for _, planes in having], axis=0) if having else np.zeros(CLASSES)
        score = votes if vote else [(round(m * len(having)), v) for m, v in zip(mean, votes, strict=True)]
        best = max(range(CLASSES), key=lambda c: (score[c], -c)) if having else 255
        found.append((best, 255 * votes / max(1, len(having)) if vote else mean))
    return [best for best, _ in found], np.array([share for _, share in found]).T


@given(st.lists(SAID, min_size=1, max_size=4), st.booleans())
def test_it_is_the_mean_or_the_vote_pixel_by_pixel(said, vote):
    one, (classes, shares) = agreed(said, vote), slowly(said, vote)
    assert one.classes.tolist() == classes
    assert np.abs(np.stack(list(one.planes())) - shares).max() <= 0.5


@given(SAID, st.booleans())
def test_one_model_alone_is_itself(said, vote):
    classes, planes = said
    sure = np.where(np.arange(CLASSES)[:, None] == classes, np.uint8(255), planes // 2)
    assert np.array_equal(agreed([(classes, sure)], vote).classes, classes)


def test_a_vote_asks_for_no_probabilities_and_ties_go_to_the_lowest():
    def asked():
        yield pytest.fail("probabilities are asked for")

    one = Agreement((2,), CLASSES, vote=True)
    for classes in ([2, 0], [1, 2]):
        one.add(np.array(classes, np.uint8), asked())
    assert one.classes.tolist() == [1, 0]


def test_a_copy_leaves_what_it_is_of():
    one = agreed([(np.zeros(PIXELS, np.uint8), np.zeros((CLASSES, PIXELS), np.uint8))])
    other = one.copy()
    for _ in range(2):
        other.add(np.ones(PIXELS, np.uint8), np.full((CLASSES, PIXELS), [[0], [9], [0]], np.uint8))
    assert (one.classes == 0).all()
    assert (other.classes == 1).all()
