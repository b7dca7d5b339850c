import importlib.util

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import terrazzo as tz
from terrazzo.training.nested.fit_clusters import fit_clusters


def groups(seed=0, sizes=(150, 90, 60), width=12, narrow=0.3, wide=2.0):
    """Return rows around three places, and which."""
    rng = np.random.default_rng(seed)
    centres = 8 * rng.standard_normal((len(sizes), width))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(labels))
    rows = centres[labels] + rng.standard_normal((len(labels), width)) * np.linspace(narrow, wide, width)
    return (1e-3 * rows[order]).astype(np.float32), labels[order]


@pytest.mark.parametrize("clustering", ["gaussian", "kmeans"])
@pytest.mark.parametrize("domains", [3, None])
def test_groups_are_found_the_largest_first_their_number_too(clustering, domains):
    # k-means takes clusters to be round
    rows, labels = groups() if clustering == "gaussian" else groups(narrow=1.0, wide=1.0)
    training = tz.NestedTraining(clustering=clustering, domains=domains, most_domains=5)
    clusters = fit_clusters(rows, training)
    assert clusters.number == 3
    probabilities = clusters.probabilities(rows)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(probabilities.argmax(axis=1), labels)


def test_probabilities_are_those_of_gaussians_of_one_covariance():
    rows, _ = groups(sizes=(40, 30))
    clusters = fit_clusters(rows, tz.NestedTraining(domains=2))
    projected = clusters.projected(rows.astype(np.float64))
    covariance = np.linalg.inv(clusters.root @ clusters.root.T)
    slow = np.empty((len(rows), 2))
    for place, centre in enumerate(clusters.centres):
        away = projected - centre
        distance = np.einsum("np,pq,nq->n", away, np.linalg.inv(covariance), away)
        slow[:, place] = clusters.log_weights[place] - distance / 2
    slow = np.exp(slow - slow.max(axis=1, keepdims=True))
    assert np.allclose(clusters.probabilities(rows), slow / slow.sum(axis=1, keepdims=True), atol=1e-5)


def test_rows_that_are_all_alike_are_clustered_without_an_overflow():
    rows = np.ones((20, 6), np.float32)
    assert np.isfinite(fit_clusters(rows, tz.NestedTraining(domains=1)).probabilities(rows)).all()


@pytest.mark.skipif(importlib.util.find_spec("leidenalg") is None, reason="leidenalg is not installed")
def test_leiden_finds_communities():
    rows, labels = groups()
    clusters = fit_clusters(rows, tz.NestedTraining(clustering="leiden", resolution=0.3))
    assert adjusted_rand_score(labels, clusters.probabilities(rows).argmax(axis=1)) > 0.9


@pytest.mark.skipif(importlib.util.find_spec("leidenalg") is not None, reason="leidenalg is installed")
def test_without_leidenalg_its_name_is_said():
    with pytest.raises(tz.TerrazzoError, match=r"needs .*pip install 'terrazzo\[leiden\]'"):
        fit_clusters(groups()[0], tz.NestedTraining(clustering="leiden"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"clustering": "fuzzy"}, "there is no clustering 'fuzzy'"),
        ({"clustering": "leiden", "domains": 3}, "leave domains out"),
        ({"resolution": 0}, "resolution is 0"),
    ],
)
def test_settings_out_of_range_are_refused(given, said):
    with pytest.raises(tz.TerrazzoError, match=said):
        tz.NestedTraining(**given)
