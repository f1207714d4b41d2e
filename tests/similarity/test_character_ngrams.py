"""The bag of character n-grams: scikit-learn's TF-IDF as oracle, whitening, saving, refusals.

Run: pytest tests/similarity/test_character_ngrams.py
"""

import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from zhnlp.similarity import CharacterNgramEncoder

WORDS = ["密码", "退款", "发票", "天气", "变压器", "快递", "会员", "地址"]
TEXTS = [f"{one}和{other}{tail}" for one in WORDS for other in WORDS for tail in ("怎么办", "在哪里")]


def cosines(vectors):
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / length) @ (vectors / length).T


def test_cosines_are_those_of_tf_idf():
    """Up to the signs' noise, of k^(-1/2); hashing into 2^18 buckets has no collision here."""
    encoder = CharacterNgramEncoder(dimensions=4096, buckets=2**18).fit(TEXTS)
    oracle = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit_transform(TEXTS)
    far = cosines(encoder.encode(TEXTS)) - (oracle @ oracle.T).toarray()
    assert np.abs(far).max() < 0.2 and np.abs(far).mean() < 0.02


def test_whitened_vectors_have_covariance_1():
    encoder = CharacterNgramEncoder(dimensions=12, projection="svd", whiten=True).fit(TEXTS)
    vectors = encoder.encode(TEXTS)
    assert np.allclose(np.cov(vectors.T), np.eye(12), atol=1e-3) and np.allclose(
        vectors.mean(0), 0, atol=1e-4
    )


@pytest.mark.parametrize("projection", ["signs", "svd"])
@pytest.mark.parametrize("whiten", [False, True])
def test_saved_and_loaded(projection, whiten, tmp_path):
    encoder = CharacterNgramEncoder(dimensions=10, projection=projection, whiten=whiten).fit(TEXTS)
    encoder.save(tmp_path)
    again = CharacterNgramEncoder.load(tmp_path)
    assert np.allclose(
        again.encode(TEXTS, normalize=True),
        encoder.encode(TEXTS, normalize=True),
        atol=1e-6 if projection == "signs" else 5e-3,
    )


def test_order_single_texts_and_seeds():
    encoder = CharacterNgramEncoder(dimensions=16).fit(TEXTS)
    vectors = encoder.encode(TEXTS)
    assert np.allclose(encoder.encode(TEXTS[::-1])[::-1], vectors, atol=1e-6)
    assert np.allclose(encoder.encode(TEXTS[3]), vectors[3], atol=1e-6) and encoder.encode([]).shape == (
        0,
        16,
    )
    assert np.array_equal(CharacterNgramEncoder(dimensions=16).fit(iter(TEXTS)).encode(TEXTS), vectors)
    assert not np.array_equal(CharacterNgramEncoder(dimensions=16, seed=1).fit(TEXTS).encode(TEXTS), vectors)


def test_width_case_and_blanks_do_not_count():
    encoder = CharacterNgramEncoder(dimensions=16).fit([*TEXTS, "VIP会员1"])
    assert np.array_equal(encoder.encode("ＶＩＰ 会员１"), encoder.encode("vip会员1"))


@pytest.mark.parametrize(("projection", "unknown"), [("signs", 1), ("svd", 0)])
def test_unknown_characters_weigh_as_the_rarest_or_are_zero_and_said(projection, unknown):
    encoder = CharacterNgramEncoder(dimensions=8, projection=projection).fit(TEXTS)
    with pytest.warns(UserWarning, match=f"{2 - unknown} texts are empty or have no known n-gram"):
        vectors = encoder.encode(["", "密码", "ξ"], normalize=True)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [0, 1, unknown])


def test_weights_by_hand():
    """Of 3 texts 电 stands in 2, 网 in 1, ξ in none: ln(4 / (1 + n)) + 1 each."""
    encoder = CharacterNgramEncoder(dimensions=4096, longest=1).fit(["电网", "电", "水"])
    vectors = encoder.encode(["电网网ξ"])
    weights = np.array([np.log(4 / 3) + 1, (np.log(4 / 2) + 1) * (1 + np.log(2)), np.log(4) + 1])
    assert np.sort(np.abs(vectors[vectors != 0])) == pytest.approx(np.sort(weights / np.linalg.norm(weights)))


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="nothing was learnt"):
        CharacterNgramEncoder().encode(TEXTS)
    with pytest.raises(ValueError, match="there is no text to learn from"):
        CharacterNgramEncoder().fit([])
    with pytest.raises(ValueError, match="3 texts for 8 dimensions"):
        CharacterNgramEncoder(dimensions=8, projection="svd").fit(TEXTS[:3])
    with pytest.raises(ValueError, match="vary in 1 directions"):
        CharacterNgramEncoder(dimensions=4, projection="svd").fit(["密码"] * 9)
    with pytest.raises(TypeError, match="got str: expected an iterable of texts"):
        CharacterNgramEncoder().fit("密码")
    with pytest.raises(ValueError, match="power of two"):
        CharacterNgramEncoder(buckets=1000)
    with pytest.raises(ValueError, match="projection='pca' is not known"):
        CharacterNgramEncoder(projection="pca")
    with pytest.raises(FileNotFoundError, match=r"has no character_ngrams\.json"):
        CharacterNgramEncoder.load(tmp_path)
    (tmp_path / "character_ngrams.json").write_text(json.dumps({"format": "x"}), "utf-8")
    with pytest.raises(ValueError, match="is of another kind"):
        CharacterNgramEncoder.load(tmp_path)
