"""pipeline("text-generation"): greedy against a loop by hand, scores, seeds, limits, streaming.

Run: pytest tests/tasks/test_generation.py
"""

import json
import math
import re
from itertools import pairwise

import pytest
import torch
import transformers
from small_models import VOCABULARY, make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline

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


def test_a_row_is_written_to_its_own_limit_whatever_is_beside_it(pipe):
    """Beside a prompt of 57 characters one of a single character has room for 62 all the same."""
    prompts = ["电", "电网" * 28 + "电", "变压器检修", "电网" * 20]
    free = {"temperature": 0, "repetition_penalty": 1.3}
    for length in (64, 50):
        together = pipe(prompts, max_length=length, **free)
        for prompt, result in zip(prompts, together):
            alone = pipe(prompt, max_length=length, **free)
            assert result["text"] == alone["text"]
            assert result["score"] == pytest.approx(alone["score"], abs=1e-4)
    pipe(prompts, max_length=64, num_return=2)


def test_padding_is_no_repeated_token(kind):
    """Where the end token pads, as in GPT-2, a short row would be punished for its padding."""
    model, tokenizer = make_model(kind), make_tokenizer(causal=True)
    tokenizer.pad_token = "[SEP]"
    pipe = pipeline("text-generation", model, tokenizer=tokenizer, max_new_tokens=10, temperature=0)
    results = pipe(PROMPTS, repetition_penalty=50.0)
    for prompt, result in zip(PROMPTS, results):
        assert result["text"] == pipe(prompt, repetition_penalty=50.0)["text"]


@pytest.mark.parametrize(
    "options, batches",
    [({}, 4), ({"num_return": 3}, 10), ({"num_beams": 3}, 10), ({"num_beams": 3, "num_return": 2}, 10)],
)
def test_the_budget_counts_what_will_be_written(folder, options, batches):
    """Rows × (prompt + new) × texts, or beams, stay within it; of every step the last position alone reaches the vocabulary."""
    seen = []
    pipe = pipeline("text-generation", folder, dtype="float32", max_new_tokens=10, token_budget=36, **options)
    pipe.model.register_forward_hook(
        lambda module, given, output: seen.append(output.logits.shape[:2].numel())
    )
    pipe(["电"] * 10)  # 2 tokens of a prompt and 10 more: 3 rows a batch, then 1
    assert pipe.report.batches == batches and max(seen) == 3


def test_beams_are_those_of_transformers(folder, pipe, kind):
    ids = make_tokenizer(causal=True)("变压器", return_tensors="pt")["input_ids"]
    for options, named in (
        ({"num_beams": 4}, {}),
        ({"num_beams": 3, "length_penalty": 2.0}, {"length_penalty": 2.0}),
        (
            {"num_beams": 3, "no_repeat_ngram": 2, "min_new_tokens": 4},
            {"no_repeat_ngram_size": 2, "min_new_tokens": 4},
        ),
    ):
        written = (
            make_model(kind)
            .generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=10,
                num_beams=options["num_beams"],
                do_sample=False,
                suppress_tokens=[0, 1, 2, 4],
                **named,
            )[0, ids.shape[1] :]
            .tolist()
        )
        result = pipe("变压器", repetition_penalty=1.0, **options)
        assert squeezed(result["text"]) == text_of([token for token in written if token not in (0, 3)])


def test_beams_return_several_texts_best_first(pipe):
    several = pipe("变压器", num_beams=4, num_return=3, repetition_penalty=1.0)
    assert len({row["text"] for row in several}) == 3
    assert [row["score"] for row in several] == sorted((row["score"] for row in several), reverse=True)
    assert several[0] == pipe("变压器", num_beams=4, repetition_penalty=1.0)


def test_a_text_ends_before_a_stop_string(pipe):
    free = {"temperature": 0, "repetition_penalty": 1.0, "max_new_tokens": 30}
    for prompt, result in zip(PROMPTS, pipe(PROMPTS, **free)):
        text = result["text"]
        stops = [text[3:5], text[7:8]]
        cut = pipe(prompt, stop=stops, **free)["text"]
        assert cut == text[: min(text.find(stop) for stop in stops)]
        pieces = []
        pipe(prompt, stop=stops, stream=pieces.append, **free)
        assert "".join(pieces) == cut


def test_a_text_is_as_long_as_it_must_be(pipe):
    free = {"temperature": 5.0, "top_k": 0, "top_p": 1.0, "num_return": 30}
    short = [len(squeezed(row["text"])) for row in pipe("电", **free)]
    long = [len(squeezed(row["text"])) for row in pipe("电", min_new_tokens=9, **free)]
    assert min(short) < 9 and min(long) >= 9


def test_no_n_gram_comes_twice(pipe):
    text = squeezed(
        pipe("电网" * 5, temperature=0, repetition_penalty=1.0, no_repeat_ngram=2, max_new_tokens=40)["text"]
    )
    pairs = list(pairwise("网" + text))
    assert len(set(pairs)) == len(pairs) and ("网", "电") not in pairs


def test_a_prompt_alone_and_in_a_list_gives_the_same(folder, pipe):
    """Sampled too, whatever the batches are; the same prompt again is written anew."""
    together = pipe(PROMPTS)
    assert [pipe(prompt) for prompt in PROMPTS] == [
        {"text": row["text"], "score": pytest.approx(row["score"], abs=1e-5)} for row in together
    ]
    small = pipeline("text-generation", folder, dtype="float32", max_new_tokens=10, seed=1, batch_size=2)
    assert [row["text"] for row in small(PROMPTS[::-1])] == [row["text"] for row in together][::-1]
    again = [row["text"] for row in pipe([PROMPTS[0]] * 5)]
    assert again[0] == together[0]["text"] and len(set(again)) > 1


def test_streams_that_run_side_by_side_repeat(folder):
    pipe = pipeline("text-generation", folder, dtype="float32", max_new_tokens=6, seed=3, batch_size=1)
    wanted = [list(pipe(iter(PROMPTS))), list(pipe(iter(PROMPTS[::-1])))]
    one, other = pipe(iter(PROMPTS)), pipe(iter(PROMPTS[::-1]))
    found = list(zip(one, other))
    assert [list(column) for column in zip(*found)] == wanted


def test_the_tokenizer_of_the_user_stays_as_it_was(kind, folder):
    tokenizer = make_tokenizer(causal=True)
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=7)
    before = tokenizer.backend_tokenizer.to_str()
    for pipe in (
        pipeline("text-generation", make_model(kind), tokenizer=tokenizer, max_new_tokens=3),
        pipeline("text-generation", folder, tokenizer=tokenizer, max_new_tokens=3),
    ):
        pipe(["变压器检修变压器检修", "电"])
        assert tokenizer.backend_tokenizer.to_str() == before


def test_ids_outside_the_vocabulary_are_repaired(tmp_path):
    """UER's GPT-2 names 50256, of GPT-2, for begin and end."""
    save_checkpoint(tmp_path, "gpt2", bos_token_id=50256, eos_token_id=50256, pad_token_id=None)
    pipe = pipeline("text-generation", tmp_path, dtype="float32", max_new_tokens=3)
    pipe.save(tmp_path / "saved")
    for model in (pipe.model, make_saved(tmp_path / "saved")):
        for owner in (model.config, model.generation_config):
            assert (owner.bos_token_id, owner.eos_token_id, owner.pad_token_id) == (2, 3, 0)


def make_saved(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder)


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


def test_what_is_too_long_says_for_which_limit(folder):
    pipe = pipeline("text-generation", folder, dtype="float32", max_new_tokens=10)
    with pytest.warns(
        UserWarning, match=r"1 of 1 texts were too long for max_length=3 .*a larger max_length"
    ):
        pipe("变压器检修", max_length=3)
    with pytest.warns(UserWarning, match=r"too long for .* \(64 tokens, 10 of them to write\)"):
        pipe("电网" * 29)


def test_half_a_surrogate_pair_is_read_as_one_unknown_character(pipe):
    assert pipe("电\ud800", temperature=0) == pipe("电\ufffd", temperature=0)


def test_a_broken_checkpoint_is_refused(kind):
    model = make_model(kind)
    with torch.no_grad():
        model.get_output_embeddings().weight[7] = torch.inf
    pipe = pipeline("text-generation", model, tokenizer=make_tokenizer(causal=True), max_new_tokens=5)
    for temperature in (0, 1):
        with pytest.raises(ValueError, match="gives nan or infinite logits"):
            pipe("电", temperature=temperature)


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
        ({"num_return": 3, "num_beams": 2}, "num_return=3 of num_beams=2"),
        ({"num_beams": 0}, "num_beams=0 is not possible: expected 1 or more"),
        ({"min_new_tokens": 11}, "min_new_tokens=11 is more than may be written: expected 10 or less"),
        ({"length_penalty": "long"}, "length_penalty='long'"),
        ({"stop": ""}, "stop='' is not possible"),
        ({"stop": ["好", 3]}, "stop="),
    ):
        with pytest.raises(ValueError, match=said):
            pipe("电", **options)
    with pytest.raises(TypeError, match="no option max_tokens: expected max_new_tokens"):
        pipe("电", max_tokens=3)
    for seed, error in (("x", TypeError), (2**70, ValueError), (-1, ValueError)):
        with pytest.raises(error, match="seed="):
            pipe("电", seed=seed)
    with pytest.raises(ValueError, match="stream= got several"):
        pipe(["电", "网"], stream=print)
    with pytest.raises(ValueError, match="num_beams=1"):
        pipe("电", stream=print, num_beams=2)
    with pytest.raises(TypeError, match="got bytes"):
        pipe(b"x")


def test_the_shipped_model_writes_chinese():
    result = pipeline("text-generation", seed=0, max_new_tokens=30)("中华人民共和国")
    assert len(result["text"]) > 5 and " " not in result["text"].strip()
    assert result["score"] > -7
