"""`PromptClassifier` explained: the score of the whole ensemble, its template apart, trained rows and blanks left alone.

Run: pytest tests/attribution/test_prompt.py
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from small_models import make_model, make_tokenizer
from tiny_classifiers import make_classifier

from zhnlp.attribution import Explainer, explain
from zhnlp.attribution.slot_logits import SlotLogits
from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.network import FittedWeights

LABELS = {"正面": ["好", "好学"], "负面": ["不"]}
TEXTS = ["今天天气很好", "变压器断路，a2"]


def classifier_over(template="{text}。今天很{mask}", labels=LABELS, kind="bert", **options):
    causal = kind in ("llama", "gpt2")
    return PromptClassifier(
        template,
        labels,
        model=make_model(kind),
        tokenizer=make_tokenizer(causal),
        dtype="float32",
        device="cpu",
        progress=False,
        **options,
    )


TEMPLATES = {
    "suffix": "{text}。今天很{mask}",
    "prefix": "很{mask}，{text}",
    "several": ["{text}。很{mask}", "{mask}天气：{text}"],
    "entailment": "{text}，{label}？{mask}",
}


@pytest.mark.parametrize("kind", ["bert", "roformer", "llama", "gpt2"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_explained_is_the_score_of_the_classifier(kind, template):
    classifier = classifier_over(TEMPLATES[template], kind=kind, entailment_words=("是", "不"))
    explainer = Explainer(classifier, steps="auto", baseline="zero")
    margin, chances = classifier.decision_function(TEXTS), classifier.predict_proba(TEXTS)
    for number, text in list(enumerate(TEXTS))[1:]:
        best = int(chances[number].argmax())
        found = explainer(text)
        assert found["target"] == classifier.classes_[best]
        assert found["value"] == pytest.approx(margin[number] * (1 if best else -1), abs=1e-4)
        assert found["probability"] == pytest.approx(chances[number, best], abs=1e-5)
        assert found["completeness_error"] < 0.01
        assert "".join(token["text"] for token in found["tokens"]) == text
        assert found["template"]


def test_the_two_classes_are_mirrored_and_probabilities_follow():
    classifier = classifier_over()
    good, bad = (explain(classifier, TEXTS[0], label) for label in ("正面", "负面"))
    assert [t["score"] for t in good["tokens"]] == pytest.approx(
        [-t["score"] for t in bad["tokens"]], abs=1e-5
    )
    chance = explain(classifier, TEXTS[0], "正面", output="probability")
    assert chance["value"] == pytest.approx(1 / (1 + np.exp(-good["value"])), abs=1e-5)


def test_the_log_odds_of_three_classes():
    classifier = classifier_over(labels={"好": "好", "坏": "不", "中": "天"})
    scores = classifier.class_scores([TEXTS[0]])[0]
    found = explain(classifier, TEXTS[0], "坏")
    place = list(classifier.classes_).index("坏")
    others = np.logaddexp.reduce(np.delete(scores, place))
    assert found["value"] == pytest.approx(scores[place] - others, abs=1e-5)


def test_the_template_is_apart_and_the_blank_stays():
    found = explain(classifier_over(), TEXTS[1])
    assert "".join(part["text"] for part in found["template"]) == "。今天很"
    assert all(part["text"] == TEXTS[1][part["start"] : part["end"]] for part in found["tokens"])
    several = explain(classifier_over(TEMPLATES["several"]), TEXTS[1])
    assert {name: "".join(part["text"] for part in parts) for name, parts in several.templates.items()} == {
        "{text}。很{mask}": "。很",
        "{mask}天气：{text}": "天气[UNK]",
    }
    labelled = explain(classifier_over(TEMPLATES["entailment"]), TEXTS[1])
    assert "{text}，好学？{mask}" in labelled.templates


def test_occlusion_of_a_character_is_what_the_classifier_says_without_it():
    classifier = classifier_over(calibration="none")
    found = explain(classifier, "今天很好", "正面", method="occlusion", baseline="mask")
    margins = -classifier.decision_function(["今天很好", "[MASK]天很好", "今天很[MASK]"])
    scores = [token["score"] for token in found["tokens"]]
    assert scores[0] == pytest.approx(margins[0] - margins[1], abs=1e-4)
    assert scores[3] == pytest.approx(margins[0] - margins[2], abs=1e-4)


def test_trained_rows_stay_in_the_baseline():
    classifier = classifier_over("{soft:2}{text}很{mask}", mode="ptuning")
    with pytest.raises(ValueError, match="not trained"):
        explain(classifier, TEXTS[0])
    torch.manual_seed(1)
    rows = torch.randn(2, 32)
    classifier._state().fit(FittedWeights(soft_rows=rows))
    found = explain(classifier, TEXTS[0], "正面")
    assert found["value"] == pytest.approx(-classifier.decision_function(TEXTS[:1])[0], abs=1e-4)
    prepared = Explainer(classifier).prepare(TEXTS[0])
    assert torch.equal(prepared.inputs[0][1:3], rows) and torch.equal(prepared.baselines[0][1:3], rows)
    assert [part["text"] for part in found["template"]] == ["很"]


def test_a_causal_model_scores_no_trained_rows_behind_the_blank():
    classifier = classifier_over("{text}今天{mask}{soft:2}好", kind="gpt2", mode="ptuning")
    torch.manual_seed(1)
    classifier._state().fit(FittedWeights(soft_rows=torch.randn(2, 32)))
    found = explain(classifier, TEXTS[0], "正面")
    assert found["value"] == pytest.approx(-classifier.decision_function(TEXTS[:1])[0], abs=1e-4)


def test_an_explainer_keeps_to_the_classifier_as_it_was():
    classifier = classifier_over()
    explainer = Explainer(classifier)
    before = explainer(TEXTS[0])
    classifier._state().fit(FittedWeights(model=make_model("bert", seed=9)))
    assert explainer(TEXTS[0]) == before != explain(classifier, TEXTS[0])


def test_threads_share_one_classifier():
    explainer = Explainer(classifier_over(TEMPLATES["several"]), steps=6)
    texts = [*TEXTS, "北京大学生", "电网"] * 3
    alone = [explainer.explain(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(explainer.explain, texts)) == alone


def test_pairs_and_long_texts():
    classifier = classifier_over("{text_b}？{mask}，{text_a}")
    found = explain(classifier, ("今天天气", "好"))
    assert found["text"] == {"text_a": "今天天气", "text_b": "好"}
    assert found["value"] == pytest.approx(
        abs(classifier.decision_function([("今天天气", "好")])[0]), abs=1e-4
    )
    labelled = classifier_over("{text}，{label}？{mask}", max_length=20)
    with pytest.warns(UserWarning, match="the rest has no score"):
        found = explain(labelled, "变压器今天" * 8, "正面")
    margin = labelled.decision_function(["变压器今天" * 8])[0]
    assert found["value"] == pytest.approx(-margin, abs=1e-4)
    with pytest.raises(TypeError, match="expected a pair"):
        explain(classifier, "今天")
    with pytest.warns(UserWarning, match="the rest has no score"):
        cut = explain(classifier_over(), "变压器" * 40)
    assert cut["cut"] and cut["read"] < 62


def test_what_cannot_be_calibrated_or_named_is_refused():
    with pytest.raises(ValueError, match="there is one"):
        explain(classifier_over(calibration="batch"), TEXTS[0])
    with pytest.raises(ValueError, match="labels is None"):
        explain(classifier_over(labels=None), TEXTS[0])
    with pytest.raises(ValueError, match="target='中性' is no class"):
        explain(classifier_over(), TEXTS[0], "中性")


@pytest.mark.parametrize("kind", ["bert", "roformer", "llama", "gpt-neox", "gpt2"])
def test_only_the_places_asked_for_reach_the_vocabulary(kind):
    model = make_model(kind)
    slots = SlotLogits(model)
    rows = torch.randn(2, 6, 32)
    with torch.no_grad():
        assert torch.allclose(slots(rows, [4, 1]), model(inputs_embeds=rows).logits[:, [4, 1]], atol=1e-4)
    assert not slots.whole
    model.cls = model.lm_head = model.embed_out = torch.nn.Linear(32, 5)  # no head of this model any more
    assert SlotLogits(model.base_model).whole


def test_the_shipped_model_finds_the_word_that_decides():
    classifier = PromptClassifier(labels={"正面": "好", "负面": "差"}, device="cpu", progress=False)
    for text, target, word in (("服务太差了，再也不来", "负面", "差"), ("味道非常好，很满意", "正面", "好")):
        found = explain(classifier, text, target)
        assert found["baseline"] == "mask"
        assert max(found["tokens"], key=lambda token: token["score"])["text"] == word
        assert found["completeness_error"] < 0.01


def test_the_usual_baseline_is_the_mask_where_a_masked_model_has_one():
    assert explain(classifier_over(), TEXTS[0])["baseline"] == "mask"
    assert explain(classifier_over(), TEXTS[0], baseline="zero")["baseline"] == "zero"
    assert Explainer(classifier_over(kind="llama")).baseline == Explainer(make_classifier()).baseline == "pad"
