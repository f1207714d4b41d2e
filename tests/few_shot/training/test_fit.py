"""`PromptClassifier.fit` on a planted signal: a random network where chance is 50 % learns it in every regime.

Run: pytest tests/few_shot/training/test_fit.py
"""

import numpy as np
import pytest
import torch
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.training import fit
from zhnlp.few_shot.training.choice import fit_choices
from zhnlp.few_shot.training.fit import Fitting, fit_prompts
from zhnlp.training.learning_rates import soft_rate

LABELS = {"正": ["好"], "反": ["没"]}
FILLER = "的一是不了在人有我他这中大来上国个到说"
QUIET = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.05}


def texts_of(number, seed=0):
    """Texts with 电 for one class and 气 for the other, among characters that say nothing."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for place in range(number):
        characters = list(rng.choice(list(FILLER), 3))
        characters[rng.integers(3)] = "电" if place % 2 else "气"
        texts.append("".join(characters))
        labels.append("正" if place % 2 else "反")
    return texts, labels


TEXTS, TARGETS = texts_of(64)
NEW, TRUTH = texts_of(40, seed=1)


def classifier(template="{text}很{mask}。", labels=LABELS, kind="bert", **options):
    causal = kind in ("gpt2", "llama")
    quiet = QUIET if kind in ("bert", "roformer") else {}
    return PromptClassifier(
        template,
        labels,
        model=make_model(kind, num_hidden_layers=1, **quiet),
        tokenizer=make_tokenizer(causal),
        **{"epochs": 10, "learning_rate": 5e-3, "batch_size": 8, "progress": False, **options},
    )


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(one[name].equal(other[name]) for name in one)


REGIMES = {
    "pet": {},
    "roformer": {"kind": "roformer"},
    "label alone": {"mlm_rate": 0.0},
    "blank in front": {"template": "{mask}的{text}"},
    "words of unequal length": {"labels": {"正": ["好", "真美"], "反": ["没"]}, "epochs": 20},
    "two templates": {"template": ["{text}很{mask}。", "{mask}，{text}"]},
    "trainable tokens and all weights": {"template": "{soft:2}{text}{mask}"},
    "entailment": {
        "template": "{text}{label}{mask}",
        "labels": {"正": ["水"], "反": ["山"]},
        "epochs": 30,
        "mlm_rate": 0.0,
    },
    "r-drop": {"r_drop": 1.0},
    "label conditioning": {"label_conditioning": 0.5},
    "causal": {"kind": "llama", "template": "{text}很{mask}"},
}


@pytest.mark.parametrize("regime", REGIMES)
def test_a_planted_signal_is_learnt_where_chance_is_one_half(regime):
    made = classifier(**REGIMES[regime])
    if "soft" not in str(made.template):
        assert 0.2 <= made.score(NEW, TRUTH) <= 0.8
    assert made.fit(TEXTS, TARGETS).score(NEW, TRUTH) == 1.0


def test_same_seed_same_weights_another_seed_others_and_nothing_outside_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = make_model("bert", num_hidden_layers=1, **QUIET)
    before = weights(base)
    made = [classifier(epochs=1, random_state=seed).set_params(model=base) for seed in (0, 0, 1)]
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    found = []
    for one in made:
        one.fit(TEXTS, TARGETS)
        found.append(weights(one.network_.trainable()))
    assert same(found[0], found[1]) and not same(found[0], found[2])
    assert same(before, base.state_dict()) and all(p.requires_grad for p in base.parameters())
    assert torch.rand(2).equal(wanted) and not list(tmp_path.iterdir())


def test_p_tuning_moves_its_rows_and_not_one_bit_else():
    base = make_model("bert", num_hidden_layers=1, **QUIET)
    before = weights(base)
    made = classifier("{soft:3}{text}{mask}", mode="ptuning", learning_rate=None, epochs=2)
    made.set_params(model=base)
    state = made._state()
    fitting = Fitting.of(made)
    seen = []
    trainable = state.base.trainable

    def kept():
        seen.append(trainable())
        return seen[-1]

    state.scorer.network.trainable = kept
    targets = np.array([made.verbalizer_.classes.index(label) for label in TARGETS])
    found = fit_prompts(made, [{"text": text} for text in TEXTS], targets)
    assert found.model is None and found.soft_rows.shape == (3, 32)
    assert same(before, seen[0].state_dict())  # the copy that was trained through
    assert fitting.recipe.rate(base) == soft_rate(base)
    made.fit(TEXTS, TARGETS)
    assert same(before, made.network_.trainable().state_dict()) and same(before, base.state_dict())


def test_p_tuning_teaches_the_shipped_model_what_it_did_not_say():
    made = PromptClassifier(
        "{text}{soft:4}{mask}",
        LABELS,
        mode="ptuning",
        epochs=6,
        batch_size=8,
        learning_rate=2e-2,
        mlm_rate=0.0,
        device="cpu",
        progress=False,
    )
    assert made.fit(TEXTS, TARGETS).score(NEW, TRUTH) == 1.0


@pytest.mark.parametrize("options", [{}, {"soft_labels": True}, {"rounds": 2}])
def test_unlabelled_texts_are_learnt_with_the_labels(options):
    made = classifier(epochs=20, **options).fit(TEXTS[:32], TARGETS[:32], unlabelled=NEW)
    assert made.score(NEW, TRUTH) > 0.9


def test_unlabelled_text_alone_changes_no_question_for_a_label():
    made = classifier()
    fitting = Fitting.of(made)
    raw = fitting.raw([{"text": text} for text in NEW])
    rng = np.random.default_rng(0)
    rows = [row for sample in raw for row in fitting.draw(sample, rng)]
    assert len(rows) == len(NEW) and not any(question.slot for row in rows for question in row.questions)
    soft = Fitting.of(classifier("{soft:2}{text}{mask}", mode="ptuning"))
    rows = [row for sample in soft.raw([{"text": "电气"}]) for row in soft.draw(sample, rng)]
    assert rows[0].soft and not any(question.slot for question in rows[0].questions)


def test_the_number_of_epochs_is_chosen_within_the_labels(monkeypatch):
    made = classifier(epochs="cv")
    seen = []
    whole = Fitting.train

    def watched(self, known, **groups):
        seen.append((self.recipe.epochs, [sample.example["text"] for sample in known]))
        return whole(self, known, **groups)

    monkeypatch.setattr(Fitting, "train", watched)
    monkeypatch.setattr(fit, "EPOCHS", (1, 2))  # quicker than 5, 10 and 20
    made.fit(TEXTS[:8], TARGETS[:8])
    assert [epochs for epochs, _ in seen[:-1]] == [1] * 4 + [2] * 4
    assert {len(texts) for _, texts in seen[:-1]} == {6} and seen[-1][1] == TEXTS[:8]
    assert seen[-1][0] in (1, 2)
    assert {text for _, texts in seen for text in texts} == set(TEXTS[:8])


@pytest.mark.parametrize("template", ["{text}很{mask}。", "{text}{label}{mask}"])
def test_choices_differ_from_text_to_text(template):
    made = classifier(template, labels=None, epochs=30, mlm_rate=0.0)
    rng = np.random.default_rng(0)
    candidates = [[["好", "没"], ["没", "好"], ["没", "好", "真美"]][rng.integers(3)] for _ in TEXTS]
    answers = [row.index("好" if label == "正" else "没") for row, label in zip(candidates, TARGETS)]
    made.fit_choices(TEXTS, candidates, answers)
    wanted = ["好" if label == "正" else "没" for label in TRUTH]
    picked = made.choose(NEW, [["没", "好"]] * len(NEW)).picked
    assert [["没", "好"][number] for number in picked] == wanted


def test_refusals():
    for name, value, said in (
        ("epochs", 0, "epochs=0 is not possible: expected more than 0 passes, or 'cv'"),
        ("epochs", "best", "epochs='best'"),
        ("batch_size", 0, "batch_size=0 is not possible: expected a whole number, 1 or more"),
        ("rounds", 1.5, "rounds=1.5"),
        ("r_drop", -1, "r_drop=-1 is not possible: expected a weight of 0 or more"),
        ("label_conditioning", -0.1, "label_conditioning=-0.1"),
        ("mlm_rate", 1.0, "mlm_rate=1.0"),
        ("learning_rate", 0, "learning_rate=0"),
    ):
        with pytest.raises(ValueError, match=said):
            classifier(**{name: value}).fit(TEXTS, TARGETS)
    with pytest.raises(ValueError, match=r"there are none: expected fit\(X, y, unlabelled=texts\)"):
        classifier(soft_labels=True).fit(TEXTS, TARGETS)
    with pytest.raises(ValueError, match="candidates differ from text to text"):
        fit_choices(classifier(rounds=2), [{"text": "电"}], [["好", "没"]], [0])
