"""Surprise of a causal model: against its own logits, per character of any tokenizer, pages that hold nothing foreign.

Run: pytest tests/attribution/test_surprise.py
"""

import json
import math
import re

import pytest
import torch
from causal_families import SENTENCE, clue, wenzhong
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_model, make_tokenizer

from zhnlp import pipeline
from zhnlp.attribution import Surprise, render_surprise, surprise
from zhnlp.attribution.surprisal import _share
from zhnlp.training.pretraining.evaluation import score_causal

TEXT = "今天天气 很好，ab。"


@pytest.fixture(scope="module")
def parts():
    return make_model("gpt2"), make_tokenizer(causal=True)


def test_nats_are_those_of_the_logits(parts):
    model, tokenizer = parts
    found = surprise(model, TEXT, tokenizer=tokenizer)
    ids = tokenizer(TEXT)["input_ids"]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] != tokenizer.eos_token_id
    with torch.no_grad():
        logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    wanted = [-logs[place - 1, ids[place]].item() for place in range(1, len(ids))]
    assert [token["nats"] for token in found["tokens"]] == pytest.approx(wanted, abs=1e-4)
    assert found["nats"] == pytest.approx(sum(wanted), abs=1e-3) and found["end"] is None
    assert [one["text"] for one in found["characters"]] == list(TEXT.replace(" ", ""))
    assert all(TEXT[one["start"] : one["end"]] == one["text"] for one in found["characters"])
    assert found["count"] == 10 and found["perplexity"] == pytest.approx(math.exp(sum(wanted) / 10), rel=1e-4)
    assert found["bits_per_character"] == pytest.approx(math.log2(found["perplexity"]))
    assert found.top(1)[0]["nats"] == max(one["nats"] for one in found["characters"])
    assert json.loads(json.dumps(found)) == found == found.to_dict()


def test_with_its_end_a_text_costs_what_held_out_documents_cost(parts):
    """Also where it is longer than a window."""
    model, tokenizer = parts
    texts = ["变压器检修", "今天" * 50, "龘电"]
    found = surprise(model, texts, tokenizer=tokenizer, end=True, context=16, stride=4)
    scores = score_causal(model, tokenizer, texts, context=16, stride=4)
    assert [one["nats"] for one in found] == pytest.approx(scores.nats, abs=1e-3)
    assert [one["unknown"] for one in found] == scores.unknown == [0, 0, 1]
    assert all(one["end"] > 0 for one in found)
    assert [one["nats"] for one in surprise(model, texts, tokenizer=tokenizer, end=True, context=16, stride=4,
                                            batch_tokens=16)] == pytest.approx(scores.nats, abs=1e-3)  # fmt: skip


def test_what_a_model_knows_by_heart_does_not_surprise(tmp_path):
    """Bytes of a character are added up; the character that does not belong there is first."""
    for name, write in (("clue", clue), ("wenzhong", wenzhong)):
        (tmp_path / name).mkdir()
        pipe = pipeline("text-generation", write(tmp_path / name))
        found = surprise(pipe, SENTENCE)
        assert [one["text"] for one in found["characters"]] == list(SENTENCE)
        later = [one["nats"] for one in found["characters"][1:]]
        assert max(later) < 0.5
        wrong = surprise(tmp_path / name, SENTENCE.replace("中国", "他国"))
        assert wrong.top(1)[0]["text"] == "他" and wrong.top(1)[0]["start"] == SENTENCE.index("中")
        assert wrong["nats"] > found["nats"] + 2


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.floats(0, 9)), max_size=8))
def test_no_nat_is_lost_when_tokens_are_shared_out(drawn):
    """Tokens over one another, of one character and of none; only where no character is covered are there none."""
    tokens = [{"start": start, "end": start + size, "nats": nats} for start, size, nats in sorted(drawn)]
    shared = _share("一二三四五六七八九", tokens)
    assert [one["start"] for one in shared] == sorted({one["start"] for one in shared})
    if any(one["end"] > one["start"] for one in tokens):
        assert sum(one["nats"] for one in shared) == pytest.approx(sum(one["nats"] for one in tokens))
    else:
        assert shared == []


def test_pages_and_lines(parts, tmp_path):
    model, tokenizer = parts
    found = surprise(model, ["今天<b>", "很好"], tokenizer=tokenizer)
    page = render_surprise(found, language="zh")
    assert "<b>" not in page and "&lt;" in page and page.count("<article") == 2
    assert "语言模型觉得哪里意外" in page and "<script" not in page and 'class="p9"' in page
    assert not re.search(r'class="n\d', page) and "http://" not in page and "https://" not in page
    assert found[0].to_html(tmp_path / "one.html", title="一") == (tmp_path / "one.html").read_text("utf-8")
    lines = found[1].to_text(color=False, width=20).splitlines()
    assert lines[0] == "很好" and "+9" in lines[1] and lines[2].startswith("2 characters · perplexity")
    assert "\x1b[48;5;196m" in found[1].to_text(color=True, width=20)
    assert str(Surprise.of("", [], end=None, unknown=0)).startswith("0 characters")


def test_refusals(parts):
    model, tokenizer = parts
    with pytest.raises(TypeError, match="GPT2LMHeadModel without tokenizer="):
        surprise(model, "电")
    with pytest.raises(TypeError, match="surprise got int"):
        surprise(model, ["电", 3], tokenizer=tokenizer)
    with pytest.raises(ValueError, match="context=1"):
        surprise(model, "电", tokenizer=tokenizer, context=1)
    with pytest.raises(ValueError, match="is a masked model"):
        surprise("zhnlp-mlm-small", "电")
    assert surprise(model, [], tokenizer=tokenizer) == []
