"""Sequence classifiers of transformers: captum as oracle, offsets into the user's own string, nothing of the model is changed.

Run: pytest tests/attribution/test_sequence_classifier.py
"""

import copy
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import make_model, make_tokenizer
from tiny_classifiers import KINDS, make_classifier

from zhnlp.attribution import Explainer, explain
from zhnlp.tokenizers.words import JiebaWords

TEXT = "今天变压器很好，a2检修"
WORDS = JiebaWords()


@pytest.fixture(scope="module", params=list(KINDS))
def pair(request):
    return make_classifier(request.param)


@pytest.fixture(scope="module")
def bert():
    return make_classifier()


def logits_of(pair, text):
    """The logits of the classifier as its users call it, (C,)."""
    model, tokenizer = pair
    names = ("input_ids", "attention_mask")
    with torch.no_grad():
        return model(
            **{name: value for name, value in tokenizer(text, return_tensors="pt").items() if name in names}
        ).logits[0]


def test_what_is_explained_is_the_score_of_the_text(pair):
    logits = logits_of(pair, TEXT)
    found = explain(pair, TEXT)
    best = int(logits.argmax())
    assert found["target"] == found["prediction"] == pair[0].config.id2label[best]
    assert found["value"] == pytest.approx(logits[best].item(), abs=1e-5)
    assert found["probability"] == pytest.approx(logits.softmax(0)[best].item(), abs=1e-5)
    assert found["completeness_error"] < 0.01
    other = explain(pair, TEXT, "中性", output="probability")
    assert other["value"] == other["probability"] == pytest.approx(logits.softmax(0)[1].item(), abs=1e-5)


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_captum_gives_the_same_for_every_token(pair, output):
    captum = pytest.importorskip("captum.attr", reason="captum is the oracle: pip install 'zhnlp[explain]'")
    model, tokenizer = pair
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    special = torch.tensor(
        tokenizer.get_special_tokens_mask(ids[0].tolist(), already_has_special_tokens=True)
    )
    baseline = torch.where(special.bool(), ids, torch.full_like(ids, 4))  # [MASK]

    def forward(batch):
        logits = model(batch).logits
        return logits if output == "logit" else logits.softmax(-1)

    method = captum.LayerIntegratedGradients(forward, model.get_input_embeddings())
    alone = 1 if model.config.pad_token_id is None else None  # GPT-2 takes one row at a time then
    wanted = method.attribute(
        ids, baseline, target=2, n_steps=50, method="gausslegendre", internal_batch_size=alone
    )[0].sum(-1)
    found = explain(pair, TEXT, "正面", baseline="mask", output=output)
    scores = [token["score"] for token in found["tokens"]]
    assert scores == pytest.approx(wanted[~special.bool()].tolist(), abs=1e-4)
    assert wanted[special.bool()].abs().max() == 0


@settings(max_examples=40)
@given(st.text(alphabet="电网变 \u3000Ａ１ax2\t\n😀é\U00020000，[]\ud800", min_size=1, max_size=14))
def test_tokens_and_words_are_cut_from_the_user_s_own_string(bert, text):
    explainer = Explainer(bert, steps=4, words=WORDS, tolerance=9)
    try:
        found = explainer.explain(text)
    except ValueError as error:
        assert "reads no token" in str(error) or "knows no character" in str(error)
        return
    assert json.loads(json.dumps(found)) == found == found.to_dict()
    for part in (*found["tokens"], *found["words"]):
        assert text[part["start"] : part["end"]] == part["text"]
    ends = [0, *(token["end"] for token in found["tokens"])]
    assert all(end <= token["start"] for end, token in zip(ends, found["tokens"]))
    blank = sum(token["score"] for token in found["tokens"] if token["text"].isspace())
    assert sum(word["score"] for word in found["words"]) == pytest.approx(
        sum(token["score"] for token in found["tokens"]) - blank, abs=1e-6
    )


def test_nothing_of_the_model_or_tokenizer_is_changed(bert):
    model, tokenizer = bert
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.backend_tokenizer.enable_truncation(4)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    before = tokenizer.backend_tokenizer.to_str()
    for method in ("integrated-gradients", "gradient", "gradient-x-input", "occlusion"):
        assert len(explain((model, tokenizer), TEXT, method=method)["tokens"]) == 12  # not cut to 4
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(value.grad is None and value.requires_grad for value in model.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())
    assert tokenizer.backend_tokenizer.to_str() == before


def test_threads_share_one_model(bert):
    texts = ["今天天气很好", "变压器检修", "北京大学生研究", "电网断路器很好"] * 4
    explainer = Explainer(bert, steps=10, token_budget=64)
    alone = [explainer(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(explainer, texts))
    assert together == alone


def test_a_model_in_training_or_half_precision_is_copied_not_changed():
    model, tokenizer = make_classifier(hidden_dropout_prob=0.5)
    wanted = explain((model, tokenizer), TEXT)
    model.train()
    assert explain((model, tokenizer), TEXT) == wanted
    assert model.training
    half = copy.deepcopy(model).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        found = explain((half, tokenizer), TEXT)
    assert half.dtype == torch.bfloat16 and found["completeness_error"] < 0.001
    assert found["value"] == pytest.approx(wanted["value"], abs=0.2)


@pytest.mark.parametrize("method", ["integrated-gradients", "occlusion"])
@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_the_budget_changes_nothing(bert, method, budget):
    whole = explain(bert, TEXT, method=method)
    parts = explain(bert, TEXT, method=method, token_budget=budget)
    assert [t["score"] for t in parts["tokens"]] == pytest.approx(
        [t["score"] for t in whole["tokens"]], abs=1e-5
    )


def test_occlusion_is_the_loss_when_a_token_becomes_the_baseline(bert):
    model, tokenizer = bert
    found = explain(bert, "今天很好", "正面", method="occlusion", baseline="mask")
    whole = logits_of(bert, "今天很好")[2].item()
    for number, token in enumerate(found["tokens"]):
        hidden = "今天很好"[:number] + "[MASK]" + "今天很好"[number + 1 :]
        assert token["score"] == pytest.approx(whole - logits_of(bert, hidden)[2].item(), abs=1e-5)
    ids = tokenizer("今天很好", return_tensors="pt")["input_ids"]
    ids[0, 1:-1] = tokenizer.mask_token_id
    with torch.no_grad():
        assert found["baseline_value"] == pytest.approx(model(ids).logits[0, 2].item(), abs=1e-5)


def test_baselines_are_what_they_say(bert):
    network = Explainer(bert).network
    table = bert[0].get_input_embeddings().weight
    assert torch.equal(network.reference("pad"), table[0])
    assert torch.equal(network.reference("mask"), table[4])
    assert not network.reference("zero").any()
    assert torch.allclose(network.reference("mean"), table.mean(0), atol=1e-6)


def test_more_points_where_a_few_are_too_rough():
    pair = make_classifier(seed=5, initializer_range=0.5)  # attention so sharp that the score jumps
    with pytest.warns(
        UserWarning, match=r"completeness error of 50 points is .*expected at most 1%.*steps='auto'"
    ):
        rough = explain(pair, TEXT, "正面")
    assert rough["completeness_error"] > 0.1
    found = explain(pair, TEXT, "正面", steps="auto")
    assert found["completeness_error"] <= 0.01 and 20 < found["steps"] < 1000
    fewer = Explainer(pair, steps="auto", tolerance=0.5).explain(TEXT, "正面")
    assert fewer["completeness_error"] <= 0.5 and fewer["steps"] < found["steps"]


def test_a_long_text_is_cut_and_that_is_said(bert):
    text = "变压器" * 40
    with pytest.warns(
        UserWarning, match="has 120 characters, of which Bert.* read 62: the rest has no score"
    ):
        found = explain(bert, text)
    assert found["cut"] and found["read"] == 62 and len(found["tokens"]) == 62
    assert found["words"][-1]["end"] <= 63  # the word at the border is there, those behind are not
    assert not explain(bert, text[:62])["cut"]


def test_pairs_have_fields(bert):
    found = explain(bert, ("今天很好", "今天不错a"))
    assert found["text"] == {"text_a": "今天很好", "text_b": "今天不错a"}
    assert [token["field"] for token in found["tokens"]] == ["text_a"] * 4 + ["text_b"] * 5
    assert found["tokens"][4] == {**found["tokens"][4], "text": "今", "start": 0, "end": 1}
    encoded = bert[1]("今天很好", "今天不错a", return_tensors="pt")
    with torch.no_grad():
        assert found["value"] == pytest.approx(bert[0](**encoded).logits.max().item(), abs=1e-5)
    assert explain(bert, {"text_a": "今天很好", "text_b": "今天不错a"}) == found


def test_a_dict_of_one_text_is_that_text(bert):
    assert explain(bert, {"text": TEXT}) == explain(bert, TEXT)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_the_same(bert):
    model, tokenizer = bert
    for method in ("integrated-gradients", "gradient", "gradient-x-input", "occlusion"):
        here = explain(bert, TEXT, "正面", method=method)
        there = explain((copy.deepcopy(model).cuda(), tokenizer), TEXT, "正面", method=method)
        assert [t["score"] for t in there["tokens"]] == pytest.approx(
            [t["score"] for t in here["tokens"]], abs=1e-3
        )


def test_one_output_and_many_labels():
    score = explain(make_classifier(num_labels=1, problem_type="regression"), TEXT)
    assert score["probability"] is None and score["target"] == "负面"
    with pytest.raises(ValueError, match="has no probabilities: expected output='logit'"):
        explain(make_classifier(num_labels=1, problem_type="regression"), TEXT, output="probability")
    pair = make_classifier(problem_type="multi_label_classification")
    found = explain(pair, TEXT, "正面", output="probability")
    assert found["value"] == pytest.approx(logits_of(pair, TEXT)[2].sigmoid().item(), abs=1e-5)


def test_a_text_classification_pipeline_of_transformers(bert):
    import transformers

    pipe = transformers.pipeline("text-classification", model=bert[0], tokenizer=bert[1])
    assert explain(pipe, TEXT) == explain(bert, TEXT)
    assert pipe(TEXT)[0]["label"] == explain(pipe, TEXT)["prediction"]


def test_a_literal_mask_or_unknown_character_of_the_user_is_explained(bert):
    found = explain(bert, "今[MASK]龘好")
    assert [token["text"] for token in found["tokens"]] == ["今", "[MASK]", "龘", "好"]
    assert found["template"] == [] and found["completeness_error"] < 0.01


class Linear(torch.nn.Module):
    """Logits from the sum of the embeddings: the simplest classifier with the interface of transformers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.table = torch.nn.Embedding(len(make_tokenizer()), 4)
        self.weight = torch.nn.Parameter(torch.randn(2, 4))

    def get_input_embeddings(self):
        return self.table

    def forward(self, inputs_embeds):
        return inputs_embeds.sum(1) @ self.weight.T


@pytest.mark.parametrize("method", ["integrated-gradients", "gradient-x-input", "occlusion"])
def test_a_linear_model_gives_exactly_weight_times_embedding(method):
    model, tokenizer = Linear().eval(), make_tokenizer()
    found = explain((model, tokenizer), "今天气很好", 1, method=method, baseline="zero", steps=3)
    ids = tokenizer("今天气很好", add_special_tokens=False)["input_ids"]
    wanted = (model.table.weight[ids] @ model.weight[1]).tolist()
    assert [token["score"] for token in found["tokens"]] == pytest.approx(wanted, abs=1e-5)
    assert found["completeness_error"] < 1e-5


def test_refusals(bert, tmp_path):
    model, tokenizer = bert
    with pytest.raises(ValueError, match="method='lime' is not known: expected one of"):
        explain(bert, TEXT, method="lime")
    with pytest.raises(ValueError, match="baseline='none' is not known"):
        explain(bert, TEXT, baseline="none")
    with pytest.raises(ValueError, match="output='prob' is not known: expected one of 'probability'"):
        explain(bert, TEXT, output="prob")
    for steps in (0, "many", 1.5):
        with pytest.raises(ValueError, match="steps="):
            explain(bert, TEXT, steps=steps)
    for target in ("好评", 3, -1, True):
        with pytest.raises(ValueError, match="is no class of BertForSequenceClassification: expected one of"):
            explain(bert, TEXT, target)
    for empty in ("", "  \n"):
        with pytest.raises(ValueError, match="reads no token: expected a text with a character or more"):
            explain(bert, empty)
    with pytest.raises(ValueError, match=r"knows no character \(all are \[UNK\]\)"):
        explain(bert, "龘靐")
    for wrong in (3, None, b"x", ("a", "b", "c"), {"text": 1}, ["a", None]):
        with pytest.raises(TypeError, match="to explain: expected"):
            explain(bert, wrong)
    for wrong in (model, None, 3, lambda x: x, (model,)):
        with pytest.raises(TypeError, match="as classifier: expected"):
            explain(wrong, TEXT)
    with pytest.raises(ValueError, match=r"is BertForMaskedLM and no classifier: it gives \(1, 2, \d+\)"):
        explain((make_model("bert"), make_tokenizer()), TEXT)
    make_model("bert").save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is BertForMaskedLM and no classifier.*PromptClassifier"):
        explain(tmp_path, TEXT)
    with pytest.raises(ValueError, match="has no pad token"):
        bare = copy.deepcopy(tokenizer)
        bare.pad_token = None
        explain((model, bare), TEXT)
    broken = copy.deepcopy(model)
    broken.classifier.weight.data.fill_(np.nan)
    with pytest.raises(ValueError, match="nan or infinite"):
        explain((broken, tokenizer), TEXT)


def test_a_folder_is_loaded(bert, tmp_path):
    model, tokenizer = bert
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert explain(tmp_path, TEXT)["tokens"] == explain(bert, TEXT)["tokens"]
