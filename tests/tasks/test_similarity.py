"""pipeline("sentence-similarity"): pairs, lists, streams, ranking, refusals.

Run: pytest tests/tasks/test_similarity.py
"""

import numpy as np
import pytest

from zhnlp import pipeline
from zhnlp.similarity import CharacterNgramEncoder, SentenceEncoder

TEXTS = ["怎么重置密码", "密码忘了怎么办", "如何申请退款", "退款几天到账", "发票开错了", "退款几天到账"]
PAIRS = list(zip(TEXTS, TEXTS[1:] + TEXTS[:1]))


class Planted:
    """An encoder whose vectors are known: the angle of a text, in degrees, is what it says."""

    size = 2

    def encode(self, texts, **_):
        angle = np.radians([float(text) for text in texts])
        return np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


@pytest.fixture(scope="module")
def pipe():
    return pipeline("sentence-similarity", CharacterNgramEncoder(dimensions=64).fit(TEXTS))


def test_scores_are_cosines_by_hand():
    pipe = pipeline("sentence-similarity", Planted())
    assert pipe(("0", "60"))["score"] == pytest.approx(0.5)
    assert [one["score"] for one in pipe([("0", "180"), ("30", "30")])] == pytest.approx([-1, 1])


def test_candidates_are_ranked_with_equals_in_their_order():
    pipe = pipeline("sentence-similarity", Planted())
    found = pipe("0", candidates=["90", "10", "30", "10"])
    assert [one["index"] for one in found] == [1, 3, 2, 0] and found[0]["text"] == "10"
    assert found[2]["score"] == pytest.approx(np.sqrt(3) / 2)
    assert pipe(["0", "90"], candidates=["80", "5"], top_k=1) == [
        [{"text": "5", "index": 1, "score": pytest.approx(np.cos(np.radians(5)))}],
        [{"text": "80", "index": 0, "score": pytest.approx(np.cos(np.radians(10)))}],
    ]


def test_a_pair_a_list_a_tuple_and_a_stream(pipe):
    scores = [one["score"] for one in pipe(PAIRS)]
    assert scores == pytest.approx([pipe(pair)["score"] for pair in PAIRS], abs=1e-6)
    assert [one["score"] for one in pipe(tuple(PAIRS))] == scores
    assert [one["score"] for one in pipe([list(pair) for pair in PAIRS])] == scores
    lazy = pipe(iter(PAIRS))
    assert not isinstance(lazy, list) and [one["score"] for one in lazy] == pytest.approx(scores, abs=1e-6)
    assert pipe([]) == [] and max(scores) <= 1


def test_a_folder_of_either_kind(pipe, tmp_path):
    pipe.save(tmp_path / "ngrams")
    assert pipeline("sentence-similarity", tmp_path / "ngrams")(PAIRS) == pipe(PAIRS)
    encoder = SentenceEncoder.gru(TEXTS, min_count=1, hidden_size=8)
    encoder.save(tmp_path / "gru")
    vectors = encoder.encode(TEXTS[:2], normalize=True)
    again = pipeline("sentence-similarity", tmp_path / "gru", batch_size=2, progress=False)
    assert again((TEXTS[0], TEXTS[1]))["score"] == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-6)


@pytest.mark.parametrize(
    "given, said",
    [
        ("电", "got str"),
        (3, "got int"),
        (["电", "网"], "str as pair 0"),
        ([("电", "网"), ("电",)], "tuple as pair 1"),
    ],
    ids=["text", "number", "texts", "half"],
)
def test_what_is_no_pair_is_refused(pipe, given, said):
    with pytest.raises(TypeError, match=said):
        pipe(given)


def test_refusals(pipe, tmp_path):
    with pytest.raises(TypeError, match="as a pair"):
        list(pipe(iter(["电", "网"])))
    with pytest.raises(ValueError, match="candidates are empty"):
        pipe("电", candidates=[])
    with pytest.raises(TypeError, match="candidates are no list of texts"):
        pipe("电", candidates="电网")
    with pytest.raises(ValueError, match="top_k=0 is not possible"):
        pipe("电", candidates=["电"], top_k=0)
    with pytest.raises(TypeError, match="top_k is for ranking"):
        pipe(PAIRS, top_k=2)
    with pytest.raises(TypeError, match="got pooling: expected a network for that"):
        pipeline("sentence-similarity", Planted(), pooling="cls")
    with pytest.raises(FileNotFoundError, match="no folder here"):
        pipeline("sentence-similarity", tmp_path / "none")
