"""pipeline("text-generation"): greedy against a loop by hand, scores, seeds, limits, streaming.

Run: pytest tests/tasks/test_generation.py
"""

import json
import math
import re

import pytest
import torch
from small_models import VOCABULARY, make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline
from zhnlp.checkpoints import find

PROMPTS = ["变压器", "今天天气很好，我们在北京", "电", "研究生"]


@pytest.fixture(scope="module", params=["llama", "gpt-neox", "gpt2"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory):
    place = tmp_path_factory.mktemp(kind)
    save_checkpoint(place, kind)
    return place


@pytest.fixture(scope="module")
def pipe(folder):
    return pipeline("text-generation", folder, dtype="float32", max_new_tokens=10, seed=1)


def greedy(kind, prompt, steps):
    """Ids and mean log-probability of a greedy text, token by token without a cache."""
    model, ids = make_model(kind), make_tokenizer(causal=True)(prompt)["input_ids"]
    never = [0, 1, 2, 4]  # [PAD], [UNK], [CLS], [MASK]
    written, likely = [], []
    with torch.no_grad():
        for _ in range(steps):
            logits = model(torch.tensor([ids + written])).logits[0, -1]
            allowed = logits.clone()
            allowed[never] = -math.inf
            written.append(int(allowed.argmax()))
            likely.append(logits.log_softmax(-1)[written[-1]].item())
            if written[-1] == 3:
                break
    return [token for token in written if token != 3], sum(likely) / len(likely)


def text_of(ids):
    return "".join(VOCABULARY[token].removeprefix("##") for token in ids)


def squeezed(text):
    """Without the blanks between Latin words, which no token writes."""
    return re.sub(r"\s", "", text)


def test_greedy_is_the_loop_by_hand_batched_or_not(pipe, kind):
    together = pipe(PROMPTS, temperature=0, repetition_penalty=1.0)
    for prompt, result in zip(PROMPTS, together):
        ids, score = greedy(kind, prompt, 10)
        assert squeezed(result["text"]) == text_of(ids)
        assert result["score"] == pytest.approx(score, abs=1e-4)
        alone = pipe(prompt, temperature=0, repetition_penalty=1.0)
        assert alone["text"] == result["text"] and alone["score"] == pytest.approx(result["score"], abs=1e-5)


def test_results_are_as_documented(pipe):
    one = pipe("变压器")
    assert set(one) == {"text", "score"} and one["score"] <= 0 and json.loads(json.dumps(one)) == one
    several = pipe("变压器", num_return=4)
    assert len(several) == 4 and len({row["text"] for row in several}) > 1
    assert [row["score"] for row in several] == sorted((row["score"] for row in several), reverse=True)
    nested = pipe(PROMPTS, num_return=2)
    assert [len(rows) for rows in nested] == [2] * 4
    assert len(list(pipe(iter(PROMPTS)))) == 4


def test_the_same_seed_writes_the_same_and_torch_s_generator_stays(pipe):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = pipe(PROMPTS)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert pipe(PROMPTS) == first and pipe(PROMPTS, seed=2) != first
    assert pipe(PROMPTS, seed=1) == first


def test_special_tokens_are_never_written(pipe):
    texts = [
        row["text"]
        for row in pipe("电", num_return=30, temperature=5.0, top_k=0, top_p=1.0, repetition_penalty=1.0)
    ]
    assert not any(token in text for token in VOCABULARY[:5] for text in texts)
    assert any(len(text) < 9 for text in texts)  # some reach the end before 10 tokens


def test_options_change_the_result(pipe):
    greedy_text = pipe("电网", temperature=0)["text"]
    assert pipe("电网", top_k=1)["text"] == greedy_text
    assert pipe("电网", top_p=1e-6)["text"] == greedy_text
    assert len(squeezed(pipe("电网", max_new_tokens=3)["text"])) <= 3
    free = pipe("电网" * 9, temperature=0, repetition_penalty=1.0)["text"]
    assert pipe("电网" * 9, temperature=0, repetition_penalty=9.0)["text"] != free


def test_max_length_counts_the_prompt(pipe):
    for prompt, result in zip(PROMPTS, pipe(PROMPTS, max_length=9)):
        assert len(squeezed(result["text"])) <= max(1, 9 - 1 - len(prompt))  # [CLS] counts too


def test_streamed_pieces_are_the_text(pipe):
    pieces = []
    result = pipe("变压器", stream=pieces.append, max_new_tokens=40)
    assert "".join(pieces) == result["text"] and len(pieces) > 3
    assert result == pipe("变压器", max_new_tokens=40)


def test_a_long_prompt_loses_its_beginning_and_is_counted(folder):
    pipe = pipeline("text-generation", folder, dtype="float32", max_new_tokens=10, temperature=0)
    prompt = "电网" * 40 + "变压器今天"
    with pytest.warns(UserWarning, match="1 of 1 texts were too long"):
        cut = pipe(prompt)
    assert cut["text"] == pipe(prompt[-53:])["text"]  # 64 - 10, [CLS] among them
    assert pipe.report.cut == 1


def test_an_empty_prompt_begins_at_the_start_token(pipe):
    assert pipe("", temperature=0)["text"]


def test_refusals(pipe):
    for options, said in (
        ({"max_new_tokens": 0}, "max_new_tokens=0"),
        ({"max_new_tokens": 64}, "leaves no room for a prompt"),
        ({"max_length": 1}, "leaves no room"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_p": 0}, "top_p=0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"num_return": 2, "temperature": 0}, "the same text each time"),
    ):
        with pytest.raises(ValueError, match=said):
            pipe("电", **options)
    with pytest.raises(TypeError, match="no option max_tokens: expected max_new_tokens"):
        pipe("电", max_tokens=3)
    with pytest.raises(ValueError, match="stream= got several"):
        pipe(["电", "网"], stream=print)
    with pytest.raises(TypeError, match="got bytes"):
        pipe(b"x")


def test_the_shipped_model_writes_chinese():
    if find("zhnlp-gpt-small") is None:
        pytest.skip("zhnlp-gpt-small is not in zhnlp/checkpoints yet")
    result = pipeline("text-generation", seed=0, max_new_tokens=30)("中华人民共和国")
    assert len(result["text"]) > 5 and " " not in result["text"].strip()
    assert result["score"] > -7
