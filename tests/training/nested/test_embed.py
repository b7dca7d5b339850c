import logging

import anndata
import numpy as np
import pandas
import pytest
import scipy.sparse
from sklearn.metrics import adjusted_rand_score

import terrazzo as tz
from terrazzo.regions.graphs.channel_graph import entries_by_depth
from terrazzo.training.nested.nodes import nearest_edges, nodes_of_table

QUICK = tz.NestedTraining(steps=60, domains=2, device="cpu", nodes=100_000)


def table(side=24, channels=36, seed=0):
    """Return counts on a square of spots; left and right other halves of the channels rise and fall together."""
    rng = np.random.default_rng(seed)
    spots = np.stack(np.indices((side, side)), axis=-1).reshape(-1, 2)[:, ::-1].astype(float)
    left = spots[:, 0] < side / 2
    # apart, so that no region has cells of both
    spots[~left, 0] += 10 * side
    shared = rng.gamma(2, size=(len(spots), 2))
    first = np.arange(channels) % 2
    second = (np.arange(channels) // 2) % 2
    means = rng.uniform(1, 12, channels)
    rates = means * np.where(left[:, None], shared[:, first], shared[:, second]) / 2
    counts = scipy.sparse.csr_matrix(rng.poisson(rates).astype(np.float32))
    data = anndata.AnnData(counts, obsm={"spatial": spots})
    # plain objects: AnnData cannot write the strings of pandas 3
    data.var_names = pandas.Index([f"gene {number}" for number in range(channels)], dtype=object)
    data.obs_names = pandas.Index(list(map(str, range(len(spots)))), dtype=object)
    return data, left


def test_domains_that_differ_in_co_expression_are_found_and_not_without_inner_graphs(caplog):
    data, left = table()
    rng = np.random.default_rng(1)
    shared, channel = rng.standard_normal((len(left), 6)), np.arange(36)
    together = np.where(left[:, None], shared[:, channel % 6], shared[:, channel // 6])
    data.X = (rng.uniform(4, 12, 36) + together + 0.5 * rng.standard_normal(data.shape)).astype(np.float32)
    with caplog.at_level(logging.WARNING):
        found = tz.embed(data, network=tz.NestedSettings(k=6), training=QUICK)
    assert not caplog.records
    assert found.embedding.shape == (576, 64)
    assert adjusted_rand_score(left, found.domains) > 0.8
    alone = tz.embed(data, network=tz.NestedSettings(k=6, inner=False), training=QUICK)
    assert alone.attention is None
    assert adjusted_rand_score(left, alone.domains) < 0.3


def test_the_same_seed_gives_the_same_and_torchs_own_state_stays():
    import torch

    data, _ = table(side=12)
    quick = tz.NestedTraining(steps=5, domains=2, device="cpu")
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = (tz.embed(data, training=quick) for _ in range(2))
    assert torch.rand(1) == expected
    assert np.array_equal(one.embedding, other.embedding)


def test_to_anndata_carries_embedding_domains_and_attention(tmp_path):
    data, _ = table(side=16)
    found = tz.embed(data, training=tz.NestedTraining(steps=5, domains=2, device="cpu"))
    table_of = found.to_anndata()
    table_of.write_h5ad(tmp_path / "found.h5ad")
    read = anndata.read_h5ad(tmp_path / "found.h5ad")
    assert np.array_equal(read.obsm["X_terrazzo"], found.embedding)
    assert np.array_equal(read.obs["domain"].astype(int), found.domains)
    assert np.allclose(read.varp["attention"].sum(axis=1), 1, atol=1e-5)
    assert {f"attention_{value}" for value in np.unique(found.domains)} <= set(read.varp)
    rows = read.uns["terrazzo"]["attention"]
    sums = np.zeros((rows["region"].max() + 1, 36))
    np.add.at(sums, (rows["region"], rows["place"]), rows["share"])
    assert np.allclose(sums, 1, atol=1e-5)
    assert "domain" not in data.obs
    assert "terrazzo.Embedding" in repr(found)
    assert "Domains" in found._repr_html_()


def test_a_region_graph_is_embedded_by_its_mean_intensities_and_its_own_edges():
    image = np.random.default_rng(0).gamma(3, size=(5, 90, 90)).astype(np.float32)
    graph = tz.region_graph(image, tz.superpixels(image, size=6), lattice=tz.Lattice((90, 90), (6, 6))).compute()
    training = tz.NestedTraining(steps=3, domains=2, device="cpu")
    found = tz.embed(graph, training=training)
    assert found.channels == tuple(f"mean_{channel}" for channel in range(5))
    assert found.k == 7
    table_of = found.to_anndata()
    assert table_of.varp["attention"].shape == (len(graph.node_columns),) * 2
    chosen = tz.embed(graph, channels=["std_0", "std_1", "area"], training=training)
    assert chosen.channels == ("std_0", "std_1", "area")
    with pytest.raises(tz.TerrazzoError, match="there is no node feature 'mean_9'"):
        tz.embed(graph, channels=["mean_9"], training=training)


def test_neighbours_are_the_three_nearest_both_ways():
    positions = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [50, 0]], float)
    edges = set(map(tuple, nearest_edges(positions, 3).T))
    assert (0, 4) not in edges
    assert {(1, 4), (2, 4), (3, 4), (0, 1), (0, 2), (0, 3)} <= edges


def changed(data, **given):
    copy = data.copy()
    for name, value in given.items():
        setattr(copy, name, value)
    return copy


def test_what_cannot_be_embedded_is_said_in_a_sentence():
    data, _ = table(side=8, channels=33)
    dense = data.X.toarray()
    without = data.copy()
    del without.obsm["spatial"]
    with pytest.raises(tz.TerrazzoError, match=r"obsm\['spatial'\] is missing"):
        tz.embed(without)
    holed = dense.copy()
    holed[3, 2] = np.nan
    with pytest.raises(
        tz.TerrazzoError, match="1 value to be embedded is NaN or infinite, the first in row 3 of 'gene 2'"
    ):
        tz.embed(changed(data, X=holed))
    nowhere = data.copy()
    nowhere.obsm["spatial"] = np.full((64, 2), np.nan)
    with pytest.raises(tz.TerrazzoError, match="64 rows with NaN"):
        tz.embed(nowhere)
    with pytest.raises(tz.TerrazzoError, match="0 of 33 channels varies"):
        tz.embed(changed(data, X=np.ones_like(dense)))
    with pytest.raises(tz.TerrazzoError, match="a ndarray cannot be embedded"):
        tz.embed(dense)
    with pytest.raises(tz.TerrazzoError, match="there is no layer 'raw'"):
        tz.embed(data, layer="raw")
    with pytest.raises(tz.TerrazzoError, match="64 nodes cannot be clustered into 70 domains"):
        tz.embed(data, training=tz.NestedTraining(steps=1, domains=70, device="cpu"))
    with pytest.raises(tz.TerrazzoError, match="write training=NestedTraining"):
        tz.embed(data, domains=3)


def test_what_is_unusual_is_said_in_a_line(caplog):
    data, _ = table(side=8, channels=33)
    dense = data.X.toarray()
    dense[:, 4] = 7
    with caplog.at_level(logging.WARNING):
        found = tz.embed(changed(data, X=dense), training=tz.NestedTraining(steps=2, domains=2, device="cpu"))
    said = " ".join(record.message for record in caplog.records)
    assert "33 channels, 1 of them the same in all nodes and correlated with nobody, such as 'gene 4'" in said
    assert "64 nodes are one region" in said
    assert np.isfinite(found.embedding).all()
    caplog.clear()
    assert nodes_of_table(data[:, :30].copy(), None, None).k == 7
    assert "there are 30 channels with counts" in caplog.records[-1].message
    assert nodes_of_table(changed(data, X=dense + 0.5), None, None).k == 7
    assert "the values are no counts" in caplog.records[-1].message
    assert nodes_of_table(data, None, None).k == entries_by_depth(float(data.X.sum()), 33) < 1
    assert "nearly all hear themselves alone" in caplog.records[-1].message
    caplog.clear()
    assert nodes_of_table(data, None, 2.5).k == 2.5
    assert not caplog.records
