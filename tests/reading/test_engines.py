"""The engines themselves: a fused network follows its weights; an encoder's DGCNN begins as what it was; rates of their own.

Run: pytest tests/reading/test_engines.py
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.reading import PassageReader, WordKnowledge
from zhnlp.reading.engines.base import Row
from zhnlp.reading.engines.dgcnn import DGCNNEngine
from zhnlp.reading.engines.encoder import EncoderEngine
from zhnlp.reading.examples import Example

QUESTION, PASSAGES = "谁写了红楼梦", ["红楼梦是曹雪芹写的，《后》续是高鹗写的。", "他不知道！"]
ROWS = [{"question": QUESTION, "context": PASSAGES[0], "answer": "曹雪芹"}]
WORDS = WordKnowledge(["红楼梦", "曹雪芹", "写"], [5, 4, 3], np.eye(3, 4, dtype=np.float32))


def engine():
    examples = [Example(QUESTION, tuple(PASSAGES), ((0, 4, 7),))]
    return DGCNNEngine.new(
        None, examples, words=WORDS, min_count=1, hidden_size=16, hand_features=True, span_kind="softmax"
    )


def said(one):
    readings = one.read(QUESTION, PASSAGES)
    return one.logits([Row(reading, 0, len(reading.passage)) for reading in readings])


def test_the_fused_network_follows_its_weights():
    one = engine()
    first = said(one)[0].start
    assert np.array_equal(said(one)[0].start, first)
    for change in (
        lambda: torch.nn.init.normal_(one.network.of_unit.weight),
        lambda: one.network.embedding.set_words(torch.randn(3, 4)),
        lambda: one.network.load_state_dict(engine().network.state_dict()),
    ):
        before = said(one)[0].start
        change()
        assert not np.array_equal(said(one)[0].start, before)
    np.testing.assert_array_equal(said(one)[0].start, first)  # the last change was back to the beginning


PIECES = st.sampled_from(
    ["红楼梦", "红", "曹雪芹", "写", "了", "\n", " ", "\u3000", "ＧＰＵ", "a", "19", "😀", "İ"]
)


@settings(deadline=None)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=4))
def test_texts_together_are_read_as_each_alone(texts):
    one = engine()
    for text, found in zip(texts, one.tokens_of(texts)):
        alone = one.tokens(text)
        assert found.cut == alone.cut == WORDS.cut(text)
        for name in ("ids", "words", "offsets"):
            np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
        assert found.words.tolist() == WORDS.numbers.of(text, WORDS.cut(text)).tolist()
        assert len(found) == len(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    reader = PassageReader(progress=False)
    reader._engines = [engine()]
    return reader.save(tmp_path_factory.mktemp("reader"))


def test_a_dgcnn_over_an_encoder_begins_as_what_it_was(folder):
    """States count nothing yet, and every character of these texts is a token."""
    begun = EncoderEngine.new(dgcnn=folder)
    for ours, theirs in zip(said(begun), said(engine())):
        np.testing.assert_allclose(ours.start, theirs.start, atol=2e-2)  # bfloat16 where there is some
        assert abs(ours.passage - theirs.passage) < 2e-2
    assert begun.span_kind == "softmax" and begun.beside.size == 8
    assert begun.body_rate < begun.rate and EncoderEngine.new().body_rate is None
    torch.nn.init.normal_(begun.network.of_states.weight)
    assert np.abs(said(begun)[0].start - said(engine())[0].start).max() > 0.1


@pytest.mark.parametrize("rate, moved", [(0.0, "none"), (1e-6, "little"), (None, "much")])
def test_the_body_has_a_rate_of_its_own(folder, rate, moved):
    reader = PassageReader(engine="encoder", dgcnn=folder, progress=False)
    reader.fit(ROWS, valid=False, epochs=2, learning_rate=1e-2, body_rate=rate)
    made = reader.engines[0]
    fresh = EncoderEngine.new().network.body.state_dict()
    far = max((value - fresh[name]).abs().max().item() for name, value in made.body.state_dict().items())
    least, most = {"none": (0, 0), "little": (1e-9, 1e-4), "much": (1e-4, 1)}[moved]
    assert least <= far <= most
    assert all(
        one.requires_grad for name, one in made.body.named_parameters() if "embed_positions" not in name
    )


def test_refusals(folder, tmp_path):
    for options, message in [
        ({"coverage": True}, "expected words="),
        ({"words": WORDS}, "expected dgcnn=True"),
        ({"hand_features": True}, "expected dgcnn=True"),
        ({"dgcnn": folder, "hand_features": True}, "expected none beside it"),
        ({"dgcnn": tmp_path / "none"}, "expected a folder that PassageReader.save wrote"),
    ]:
        with pytest.raises(ValueError, match=message):
            EncoderEngine.new(**options)
    reader = PassageReader(progress=False)
    reader._engines = [EncoderEngine.new()]
    with pytest.raises(ValueError, match='expected engine="dgcnn"'):
        EncoderEngine.new(dgcnn=reader.save(tmp_path / "other"))
    with pytest.raises(ValueError, match="body_rate=-1"):
        PassageReader(engine="encoder", progress=False).fit(ROWS, valid=False, body_rate=-1)
