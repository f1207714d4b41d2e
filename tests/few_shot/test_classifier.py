"""`PromptClassifier` without labels: probabilities, ensembles, yes/no templates, one text or many, refusals.

Run: pytest tests/few_shot/test_classifier.py
"""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import FittedWeights, PromptClassifier

LABELS = {"天": ["好", "很好"], "地": ["变压"], "人": ["大学"]}
TEXTS = ["今天天气", "变压器检修", "北京大学" * 20, "断路器", ""]


@pytest.fixture(scope="module", params=["bert", "roformer", "gpt-neox"])
def parts(request):
    """A model and what it needs beside it."""
    causal = request.param == "gpt-neox"
    return {
        "model": make_model(request.param),
        "tokenizer": make_tokenizer(causal),
        "dtype": "float32",
        "max_length": 60,
    }


@pytest.fixture(scope="module")
def bert():
    return {"model": make_model("bert"), "tokenizer": make_tokenizer(), "dtype": "float32", "max_length": 60}


def test_probabilities_come_from_the_scores(parts):
    classifier = PromptClassifier("{text}，{mask}。", LABELS, **parts)
    scores, chances = classifier.class_scores(TEXTS), classifier.predict_proba(TEXTS)
    assert scores.shape == (5, 3) and chances.sum(1) == pytest.approx(1)
    assert chances == pytest.approx(np.exp(scores) / np.exp(scores).sum(1, keepdims=True))
    assert classifier.predict_log_proba(TEXTS) == pytest.approx(np.log(chances))
    assert classifier.classes_.tolist() == sorted(LABELS)
    assert classifier.predict(TEXTS).tolist() == [classifier.classes_[row.argmax()] for row in chances]
    assert classifier.decision_function(TEXTS) == pytest.approx(scores)


def test_many_texts_give_what_each_gives_alone(parts):
    classifier = PromptClassifier(["{text}，{mask}。", "很{mask}！{text}"], LABELS, **parts)
    together = classifier.predict_log_proba(TEXTS)
    for number, text in enumerate(TEXTS):
        assert classifier.predict_log_proba([text])[0] == pytest.approx(together[number], rel=1e-3, abs=1e-4)
    assert classifier.predict_log_proba(TEXTS[::-1]) == pytest.approx(together[::-1], rel=1e-3, abs=1e-4)
    assert classifier.predict([]).tolist() == [] and classifier.predict_proba([]).shape == (0, 3)


def test_an_ensemble_is_the_mean_of_its_calibrated_templates(parts):
    sources = ["{text}，{mask}。", "很{mask}！{text}"]
    alone = [PromptClassifier(source, LABELS, **parts).predict_log_proba(TEXTS) for source in sources]
    mean = np.mean(alone, axis=0)
    wanted = mean - np.logaddexp.reduce(mean, axis=1, keepdims=True)
    assert PromptClassifier(sources, LABELS, **parts).predict_log_proba(TEXTS) == pytest.approx(
        wanted, rel=1e-3, abs=1e-4
    )


def test_two_classes_have_one_decision_value(bert):
    classifier = PromptClassifier("{text}，{mask}。", {0: "好", 1: "气"}, **bert)
    scores = classifier.class_scores(TEXTS)
    assert classifier.decision_function(TEXTS) == pytest.approx(scores[:, 1] - scores[:, 0])
    assert (
        classifier.predict(TEXTS).tolist() == (classifier.decision_function(TEXTS) > 0).astype(int).tolist()
    )


def test_a_label_template_says_yes_or_no_to_each_description(parts):
    """The log-odds of 很 against 不, of two descriptions by the mean of their odds."""
    labels = {"天": ["天气", "今天"], "地": "变压器"}
    options = {**parts, "calibration": "none"}
    classifier = PromptClassifier(
        "{text}是{label}，{mask}。", labels, entailment_words=("很", "究"), **options
    )
    found = classifier.class_scores(TEXTS[:2])

    def odds(described):
        plain = PromptClassifier(f"{{text}}是{described}，{{mask}}。", {0: "究", 1: "很"}, **options)
        return plain.decision_function(TEXTS[:2])

    wanted = np.stack([odds("变压器"), np.logaddexp(odds("天气"), odds("今天")) - np.log(2)], axis=1)
    assert classifier.classes_.tolist() == ["地", "天"]
    assert found == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_pairs(bert):
    classifier = PromptClassifier("{text_b}？{mask}，{text_a}", {0: "不", 1: "很"} | {0: "好"}, **bert)
    by_pair = classifier.predict_proba([("今天天气", "变压器"), ("电", "网")])
    by_name = classifier.predict_proba(
        [{"text_b": "变压器", "text_a": "今天天气"}, {"text_a": "电", "text_b": "网"}]
    )
    assert (by_pair == by_name).all()
    swapped = classifier.predict_proba([("变压器", "今天天气"), ("网", "电")])
    assert not np.allclose(by_pair, swapped)


def test_new_parameters_are_used_at_once(bert):
    classifier = PromptClassifier("{text}，{mask}。", {"a": ["好"], "b": ["气"]}, **bert)
    before = classifier.predict_proba(TEXTS)
    classifier.set_params(template="很{mask}！{text}")
    fresh = PromptClassifier("很{mask}！{text}", {"a": ["好"], "b": ["气"]}, **bert).predict_proba(TEXTS)
    assert classifier.predict_proba(TEXTS) == pytest.approx(fresh) and not np.allclose(before, fresh)
    classifier.labels["b"].append("网")  # changed in place
    assert len(classifier.verbalizer_.words) == 3


def test_what_new_parameters_undo_is_said(bert):
    classifier = PromptClassifier("{text}，{mask}。", {"a": ["好"], "b": ["气"]}, **bert).calibrate(TEXTS)
    other = PromptClassifier("很{mask}！{text}", {"a": ["好"], "b": ["气"]}, **bert)
    classifier.set_params(template="很{mask}！{text}")
    with pytest.warns(
        UserWarning, match=r"template changed: what belonged to the old is gone \(the stored prior\)"
    ):
        assert classifier.predict_proba(TEXTS) == pytest.approx(other.predict_proba(TEXTS))
    classifier._state().adapt(FittedWeights(model=make_model("bert", seed=3)))
    adapted = classifier.predict_proba(TEXTS)
    classifier.set_params(template="{text}，{mask}。").predict_proba(TEXTS)  # the adapted weights stay
    assert classifier.set_params(template="很{mask}！{text}").predict_proba(TEXTS) == pytest.approx(adapted)
    classifier._state().fit(FittedWeights(model=make_model("bert", seed=4)))
    classifier.set_params(model=make_model("bert"))
    with pytest.warns(UserWarning, match=r"model changed: .*\(the weights of fit, the weights of adapt\)"):
        assert classifier.predict_proba(TEXTS) == pytest.approx(other.predict_proba(TEXTS))


def test_the_model_of_the_user_stays_as_it_was():
    model, tokenizer = make_model("roformer"), make_tokenizer()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kind, dtype = type(model.base_model), model.dtype
    PromptClassifier(
        "{text}，{mask}。", LABELS, model=model, tokenizer=tokenizer, dtype="bfloat16", max_length=60
    ).predict(TEXTS)
    assert type(model.base_model) is kind and model.dtype is dtype
    assert all((value == before[name]).all() for name, value in model.state_dict().items())


def test_evaluate(bert):
    classifier = PromptClassifier("{text}，{mask}。", LABELS, **bert)
    right = classifier.predict(TEXTS)
    gold = [*right[:-1], next(label for label in LABELS if label != right[-1])]
    found = classifier.evaluate(TEXTS, gold)
    assert found["accuracy"] == classifier.score(TEXTS, gold) == 0.8
    assert found["labels"] == sorted(LABELS) and sum(map(sum, found["confusion"])) == 5


def test_texts_that_the_model_cannot_read_whole_are_counted(bert):
    classifier = PromptClassifier("{text}，{mask}。", LABELS, **{**bert, "max_length": None})
    with pytest.warns(
        UserWarning,
        match=r"1 of 5 texts were longer than BertForMaskedLM reads \(64 tokens with the template\)",
    ):
        classifier.predict(TEXTS)
    with pytest.warns(UserWarning, match="1 of 2 texts were longer"):
        classifier.choose(TEXTS[1:3], [["好", "电网"]] * 2)
    entailed = PromptClassifier(
        "{text}，{label}？{mask}",
        LABELS,
        entailment_words=("很", "究"),
        model=bert["model"],
        tokenizer=bert["tokenizer"],
    )
    with pytest.warns(UserWarning, match="1 of 5 texts were longer"):
        entailed.predict(TEXTS)
    with pytest.warns(UserWarning, match="1 of 2 texts were longer"):
        entailed.choose(TEXTS[1:3], [["好", "电网"]] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.set_params(max_length=64).predict(TEXTS)  # who gives a limit means it
        classifier.choose(TEXTS, [["好", "电网"]] * 5)


def test_every_description_is_read_with_as_much_text(parts):
    """By hand: 40 characters are cut to what the longest description leaves, for the short ones too."""
    labels, text = {0: "气", 1: "变压器检修", 2: "大学"}, "今天气很" * 10
    options = {**parts, "max_length": 24, "calibration": "none", "entailment_words": ("很", "究")}
    found = PromptClassifier("{text}是{label}，{mask}", labels, **options).class_scores([text])[0]
    causal = parts["tokenizer"].sep_token not in parts["tokenizer"].tokenize("", add_special_tokens=True)
    for number, label in labels.items():
        kept = text[: 24 - 1 - (not causal) - len("是变压器检修，") - 1]
        plain = PromptClassifier(
            f"{{text}}是{label}，{{mask}}", {0: "究", 1: "很"}, **{**options, "max_length": 60}
        )
        assert found[number] == pytest.approx(plain.decision_function([kept])[0], rel=1e-3, abs=1e-4)


def test_the_shipped_model_tells_praise_from_blame():
    classifier = PromptClassifier(labels={"正面": ["好", "满意"], "负面": ["差"]}, device="cpu")
    texts = [
        "服务热情，味道很好",
        "又脏又贵，再也不来了",
        "小说写得真好，非常感动",
        "质量太差，用了一天就坏了",
    ]
    assert classifier.predict(texts).tolist() == ["正面", "负面", "正面", "负面"]
    assert classifier.predict(texts[:1]).tolist() == ["正面"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "{text}很好"}, "reads '今天天气不错很好', has no {mask}"),
        ({"template": []}, "there is no template"),
        ({"template": ["{text}{mask}", "{text_a}{mask}{text_b}"]}, "have different fields"),
        ({"labels": {"正": "好"}}, "labels has 1 label"),
        (
            {"labels": {"正": "好", "负": "龘"}},
            r"'龘' of label '负' cannot be written.*would read '今天天气不错，龘。'",
        ),
        ({"mode": "pett"}, "mode='pett' is not known: expected one of 'pet', 'ptuning'"),
        ({"mode": "ptuning"}, r"'今天天气不错，\[MASK\]。' has none: expected {soft:4}"),
        ({"length_norm": "max"}, "length_norm='max' is not known"),
        ({"max_length": 5}, r"'今天天气不错，\[MASK\]\[MASK\]。' without its text takes 6 tokens of 5"),
        ({"template": "{text}{label}{mask}", "entailment_words": ("龘", "不")}, "'龘' of label 1 cannot"),
    ],
)
def test_what_cannot_work_is_said(bert, changes, message):
    options = {"template": "{text}，{mask}。", "labels": LABELS, **bert, **changes}
    with pytest.raises(ValueError, match=message):
        PromptClassifier(**options).predict(["电"])


def test_what_needs_a_fit_is_said(bert):
    with pytest.raises(
        NotFittedError, match=r"labels is None and fit was not called.*'今天天气不错，\[MASK\]。'"
    ):
        PromptClassifier("{text}，{mask}。", **bert).predict(["电"])
    with pytest.raises(
        NotFittedError, match=r"soft tokens of '\[soft\]\[soft\]今天天气不错，\[MASK\]。' are not trained"
    ):
        PromptClassifier("{soft:2}{text}，{mask}。", LABELS, **bert).predict(["电"])
    with pytest.raises(TypeError, match="got the model BertForMaskedLM without tokenizer="):
        PromptClassifier("{text}，{mask}。", LABELS, model=bert["model"]).predict(["电"])
    assert not hasattr(PromptClassifier("{text}，{mask}。", **bert), "classes_")


@pytest.mark.parametrize("labels", [LABELS, None])
@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("choose", (["今天"], [["好", "网"]])),
        ("fit", (TEXTS, ["天", "地", "人", "天", "地"])),
        ("adapt", (TEXTS,)),
        ("calibrate", (TEXTS,)),
        ("fit_choices", (["今天"], [["好", "网"]], [0])),
    ],
)
def test_an_unknown_calibration_is_refused_before_any_work(bert, labels, method, given):
    made = PromptClassifier("{text}，{mask}。", labels, **bert)
    if labels:
        made.predict(["今天"])  # its state is there already
    made.set_params(calibration="bath")
    with pytest.raises(ValueError, match=r"calibration='bath' .* Next: calibration='batch'"):
        getattr(made, method)(*given)


def test_a_fit_on_one_class_is_refused_with_the_example(bert):
    with pytest.raises(
        ValueError, match=r"label '地' alone, and no text of '人', '天': .*'今天天气，变压。' does"
    ) as said:
        PromptClassifier("{text}，{mask}。", LABELS, **bert).fit(TEXTS, ["地"] * 5)
    assert "Next: add texts of '人'" in str(said.value)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"template": 5}, TypeError, r"template=5 is int: expected a str with \{text\} and \{mask\}"),
        ({"template": None}, TypeError, "template=None is NoneType"),
        ({"epochs": None}, ValueError, "epochs=None is not possible.*Next: epochs=10"),
        ({"learning_rate": "1e-3"}, ValueError, "learning_rate='1e-3' is not possible"),
        ({"learning_rate": float("inf")}, ValueError, "learning_rate=inf .* expected a finite number"),
        ({"r_drop": None}, ValueError, "r_drop=None .* Next: r_drop=0.0"),
        ({"entailment_words": ("是",)}, ValueError, "expected two words, yes and no"),
        ({"random_state": -1}, ValueError, "random_state=-1 .* expected 0 to"),
        ({"labels": [("天", "地"), ("人", "网")]}, TypeError, "Next: '/'.join"),
        (
            {"labels": {"天": "[SEP]", "地": "网"}},
            ValueError,
            r"'\[SEP\]' of label '天' holds \[SEP\], a mark",
        ),
        ({"labels": {"天": "[MASK]", "地": "网"}}, ValueError, r"holds \[MASK\], a mark"),
    ],
)
def test_wrong_parameters_are_refused_by_fit(bert, changes, error, said):
    with pytest.raises(error, match=said):
        PromptClassifier(**{"labels": LABELS, **bert, **changes}).fit(TEXTS, ["天", "地", "人", "天", "地"])


def test_missing_answers_are_refused(bert):
    made = PromptClassifier("{text}，{mask}。", LABELS, **bert)
    with pytest.raises(TypeError, match=r"y is None .* expected a list of labels"):
        made.fit(TEXTS, None)
    with pytest.raises(TypeError, match=r"candidates is None .* expected a list of words for each text"):
        made.choose(TEXTS, None)
    with pytest.raises(TypeError, match="the candidates of text 0 are None"):
        made.choose(["今天"], [None])
