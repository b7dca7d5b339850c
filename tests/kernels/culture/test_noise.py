import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.culture.noise import bell, gradient_noise, hash_at, mix, stream, unit

WORD = 2**64
SEED = np.uint64(12)


def mixed(word):
    """Return SplitMix64's finaliser of a Python integer."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) % WORD
    return word ^ (word >> 31)


def word_at(y, x):
    """Return the word of a position as the type that kernels take, which a compiled function does not return."""
    return np.uint64(hash_at(y, x, SEED))


@given(st.integers(0, WORD - 1))
def test_words_are_mixed_in_64_bits(word):
    assert int(mix(np.uint64(word))) == mixed(word)


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.integers(0, WORD - 1))
def test_a_position_is_hashed_from_all_its_bits(y, x, seed):
    expected = mixed((seed + y * 0x9E3779B97F4A7C15 + x * 0x94D049BB133111EB) % WORD)
    assert int(hash_at(y, x, np.uint64(seed))) == expected


def test_neighbouring_positions_have_unrelated_words():
    words = {int(hash_at(y, x, SEED)) for y in range(-50, 50) for x in range(-50, 50)}
    values = np.array([[unit(word_at(y, x), 0) for x in range(100)] for y in range(100)])
    assert len(words) == 10_000
    assert abs(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]) < 0.04
    assert abs(np.corrcoef(values[1:].ravel(), values[:-1].ravel())[0, 1]) < 0.04


def test_streams_of_one_seed_differ():
    seeds = {int(stream(np.uint64(seed), number)) for seed in range(40) for number in range(40)}
    assert len(seeds) == 1600


def test_the_four_uniforms_of_a_word_are_its_16_bit_fields():
    word = np.uint64(0x0001_8000_FFFF_4000)
    assert [unit(word, field) for field in range(4)] == [0.25, 65535 / 65536, 0.5, 1 / 65536]


def test_bell_values_are_nearly_normal():
    values = np.array([bell(word_at(0, x)) for x in range(20_000)])
    assert abs(values.mean()) < 0.03
    assert values.std() == pytest.approx(1.0, abs=0.02)
    assert np.mean(np.abs(values) < 1) == pytest.approx(0.683, abs=0.02)
    assert np.abs(values).max() < 3.47


@pytest.mark.parametrize("base", [0, -1000, 10**7])
def test_gradient_noise_is_smooth_and_bounded(base):
    pitch = 25
    values = np.array([[gradient_noise(y, base + x, pitch, SEED) for x in range(200)] for y in range(200)])
    assert np.abs(values).max() <= 1
    assert values.std() > 0.1
    assert np.abs(np.diff(values, axis=0)).max() < 4 / pitch
    assert np.abs(np.diff(values, axis=1)).max() < 4 / pitch
    assert not values[::pitch, ::pitch].any()
