import numpy as np
import pytest
import torch
from clustered_vectors import brute_force, clustered
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.nn.int8_vectors import Int8Vectors, compress
from zhnlp.similarity.exact_search import Part, exact_search, upper_bounds

VECTORS = clustered(3000, 24)
QUERIES = clustered(9, 24, seed=1)


def codes_of(vectors):
    small = compress(torch.from_numpy(vectors))
    return small.codes.numpy(), small.scales.numpy()


def stored(kind, vectors):
    """Vectors as they are kept, and what they stand for in float64."""
    codes, scales = codes_of(vectors)
    if kind == "int8":
        return [Part(None, codes, scales)], codes * scales.astype(np.float64)[:, None]
    if kind == "int8+float32":
        return [Part(vectors, codes, scales)], vectors
    half = vectors.astype(np.float16 if kind == "float16" else np.float32)
    return half, half


def test_of_equal_scores_the_lower_place_comes_first():
    vectors = np.array([[0, 1], [1, 0], [0.6, 0.8], [1, 0], [1, 0]], np.float32)
    found = exact_search(np.array([[1.0, 0.0]]), vectors, k=4)
    assert found.places.tolist() == [[1, 3, 4, 2]]
    assert found.scores.tolist() == [[1, 1, 1, np.float32(0.6)]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 12),
    st.integers(1, 40),
    st.sampled_from(["float32", "float16", "int8", "int8+float32"]),
    st.integers(0, 10_000),
)
def test_it_finds_what_comparing_everything_finds(count, k, block, kind, seed):
    vectors = clustered(count, 5, seed=seed)
    vectors[count // 2 :] = vectors[: count - count // 2]  # equal ones
    keep = np.random.default_rng(seed).random(count) < 0.8
    given_vectors, meant = stored(kind, vectors)
    queries = clustered(3, 5, seed=seed + 1)
    found = exact_search(queries, given_vectors, k, keep=keep, block=block)
    scores, places = brute_force(queries, meant, k, keep)
    assert found.places.tolist() == places.tolist()
    assert found.scores.tolist() == scores.tolist()


@pytest.mark.parametrize("kind", ["float32", "float16", "int8", "int8+float32"])
def test_a_query_finds_the_same_alone_and_in_a_batch_and_in_any_block(kind):
    vectors, _ = stored(kind, VECTORS)
    whole = exact_search(QUERIES, vectors, 10)
    for block in (7, 1000):
        again = exact_search(QUERIES, vectors, 10, block=block)
        assert (again.places == whole.places).all() and (again.scores == whole.scores).all()
    for number, query in enumerate(QUERIES):
        alone = exact_search(query[None], vectors, 10)
        assert alone.places[0].tolist() == whole.places[number].tolist()
        assert alone.scores[0].tolist() == whole.scores[number].tolist()


def test_codes_with_vectors_find_what_the_vectors_find():
    both, _ = stored("int8+float32", VECTORS)
    one, other = exact_search(QUERIES, both, 10), exact_search(QUERIES, VECTORS, 10)
    assert (one.places == other.places).all() and (one.scores == other.scores).all()


def test_scikit_learn_finds_the_same():
    from sklearn.neighbors import NearestNeighbors

    distances, places = (
        NearestNeighbors(n_neighbors=10, algorithm="brute", metric="cosine").fit(VECTORS).kneighbors(QUERIES)
    )
    found = exact_search(QUERIES, VECTORS, 10)
    assert found.places.tolist() == places.tolist()
    np.testing.assert_allclose(found.scores, 1 - distances, atol=1e-6)


@pytest.mark.parametrize("kind", ["float32", "float16", "int8", "int8+float32"])
def test_every_inner_product_lies_between_its_bounds(kind):
    parts, meant = stored(kind, VECTORS)
    part = parts[0] if isinstance(parts, list) else Part(parts)
    upper, reach = upper_bounds(torch.from_numpy(QUERIES), part)
    true = QUERIES.astype(np.float64) @ meant.astype(np.float64).T
    assert (true <= upper.numpy()).all()
    assert (true >= (upper - reach).numpy()).all()


def test_parts_are_one_array():
    parts = [Part(VECTORS[:1000]), Part(VECTORS[1000:1001]), Part(VECTORS[1001:])]
    assert (exact_search(QUERIES, parts, 10).places == exact_search(QUERIES, VECTORS, 10).places).all()


def test_tensors_and_int8_vectors_are_taken():
    small = compress(torch.from_numpy(VECTORS))
    assert isinstance(small, Int8Vectors)
    found = exact_search(QUERIES, small, 5)
    assert found.places.tolist() == exact_search(QUERIES, [Part(None, *codes_of(VECTORS))], 5).places.tolist()
    tensor = exact_search(QUERIES, torch.from_numpy(VECTORS), 5)
    assert tensor.places.tolist() == exact_search(QUERIES, VECTORS, 5).places.tolist()


def test_a_collapsed_encoder_gives_the_first_ones():
    vectors = np.repeat(VECTORS[:1], 3000, 0)
    assert exact_search(QUERIES, vectors, 4, block=512).places.tolist() == [[0, 1, 2, 3]] * len(QUERIES)


def test_vectors_that_come_nearer_and_nearer_are_all_looked_at():
    angles = np.linspace(np.pi / 2, 0, 5000)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert exact_search(np.array([[1.0, 0.0]]), vectors, 3, block=64).places.tolist() == [[4999, 4998, 4997]]


def test_a_map_that_may_not_be_written_to_is_read(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert (exact_search(QUERIES, mapped, 3).places == exact_search(QUERIES, VECTORS, 3).places).all()


def test_fewer_vectors_than_wanted_and_no_query():
    assert exact_search(QUERIES, VECTORS[:3], 10).places.shape == (9, 3)
    assert exact_search(QUERIES[:0], VECTORS, 10).places.shape[0] == 0
    nothing = exact_search(QUERIES, VECTORS, 10, keep=np.zeros(3000, bool))
    assert nothing.places.shape == (9, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": QUERIES[:, :5]}, "dimensions: expected"),
        ({"queries": np.full((1, 24), np.nan)}, "query 0 .* NaN"),
        ({"k": 0}, "k=0"),
        ({"block": 0}, "block=0"),
        ({"keep": np.ones(2, bool)}, "one bool a vector"),
        ({"vectors": VECTORS * np.float32(1e4)}, "length 10000"),
    ],
    ids=["width", "nan", "k", "block", "keep", "length"],
)
def test_what_cannot_be_searched_is_refused(change, message):
    options = {"queries": QUERIES, "vectors": VECTORS, "k": 3, **change}
    with pytest.raises(ValueError, match=message):
        exact_search(**options)
