"""The loss by hand, against the whole head of transformers, and where its gradients go.

Run: pytest tests/few_shot/training/test_objective.py
"""

import math

import numpy as np
import pytest
import torch
from small_models import VOCABULARY, make_model, make_tokenizer

from zhnlp.few_shot.template import Template
from zhnlp.few_shot.training.collate import as_batch
from zhnlp.few_shot.training.objective import PromptObjective, answer_loss
from zhnlp.few_shot.training.rows import Cloze, Question, Row, RowMaker

ID = {token: number for number, token in enumerate(VOCABULARY)}


def cloze(text, *answers, wrong=()):
    words = tuple((share, ((ID[word],),)) for share, word in answers)
    return Cloze({"text": text}, words, tuple((ID[word],) for word in wrong))


def rows_of(clozes, template="{text}很{mask}", rate=0.3, causal=False):
    maker = RowMaker([Template(template)], make_tokenizer(causal), limit=40, mlm_rate=rate, causal=causal)
    rng = np.random.default_rng(0)
    return [maker.label_row(one, 0, rng) for one in clozes]


def test_the_loss_by_hand_on_a_vocabulary_of_three():
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]).log()
    rows = [Row([1, 1], [Question(0, ((0, 1.0),), True), Question(1, ((2, 0.5), (1, 0.5)))])]
    batch = as_batch(rows, 0)
    found = answer_loss(logits, batch["question"], batch["token"], batch["weight"])
    wanted = -(math.log(0.5) + 0.5 * math.log(0.6) + 0.5 * math.log(0.2)) / 2
    assert found.item() == pytest.approx(wanted, rel=1e-6)


def test_what_is_unlikely_costs_minus_log_of_the_rest():
    logits = torch.tensor([[0.5, 0.25, 0.25]]).log()
    rows = [
        Row([1], [Question(0, ((0, 1.0),), True)]),
        Row([1], [Question(0, ((1, 1.0),))], role="right"),
        Row([1], [Question(0, ((0, 1.0),))], role="wrong"),
    ]
    batch = as_batch(rows, 0, conditioning=2.0)
    found = answer_loss(
        logits.expand(3, -1), batch["question"], batch["token"], batch["weight"], batch["unlikely"]
    )
    wanted = -math.log(0.5) + 2.0 * (-math.log(0.25) - math.log(1 - 0.5)) / 2
    assert found.item() == pytest.approx(wanted, rel=1e-6)


def test_weights_of_labels_and_text_add_up_to_one_whatever_the_rows():
    rows = rows_of([cloze("电网变压器", (1.0, "好")), cloze("电", (0.4, "好"), (0.6, "没"))])
    rows += [Row([5, 6, 7], [Question(1, ((6, 1.0),))], role="text")]
    assert as_batch(rows, 0)["weight"].sum().item() == pytest.approx(1)
    more = [Row([5, 6], [Question(1, ((6, 1.0),))], role=role) for role in ("right", "wrong")]
    batch = as_batch(rows + more, 0, conditioning=0.5)
    assert batch["weight"].sum().item() == pytest.approx(1.5)
    assert batch["weight"][batch["unlikely"]].sum().item() == pytest.approx(0.25)


def test_slots_and_text_may_be_averaged_apart():
    row = Row([1, 1, 1], [Question(0, ((7, 1.0),), True), *(Question(p, ((8, 1.0),)) for p in (1, 2))])
    assert as_batch([row], 0, text_weight=0.5)["weight"].tolist() == [1.0, 0.25, 0.25]
    assert as_batch([row], 0)["weight"].tolist() == pytest.approx([1 / 3] * 3)
    row.questions = row.questions[1:]  # raw text alone
    assert as_batch([row], 0, text_weight=0.5)["weight"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kind", ["bert", "roformer", "gpt2", "llama"])
def test_the_loss_is_that_of_the_whole_head(kind):
    causal = kind in ("gpt2", "llama")
    rows = rows_of([cloze("电网变压器检修", (1.0, "好")), cloze("天气", (1.0, "没"))], causal=causal)
    batch = as_batch(rows, 0)
    model = make_model(kind)
    found = PromptObjective(model)(**batch)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    losses = [
        -logits[number, question.place].log_softmax(-1)[question.tokens[0][0]]
        for number, row in enumerate(rows)
        for question in row.questions
    ]
    assert found["loss"].item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-4)
    slots = [
        logits[number, question.place]
        for number, row in enumerate(rows)
        for question in row.questions
        if question.slot
    ]
    assert torch.allclose(found["logits"], torch.stack(slots), atol=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roformer", "gpt2"])
def test_trainable_rows_are_what_tokens_with_these_embeddings_would_be(kind):
    causal = kind == "gpt2"
    rows = rows_of([cloze("电网", (1.0, "好"))], "{soft}{text}{soft}{mask}", rate=0.3, causal=causal)
    batch = as_batch(rows, 0)
    model = make_model(kind)
    table = model.get_input_embeddings().weight
    objective = PromptObjective(model, table[[ID["真"], ID["美"]]], frozen=True)
    ids = batch["input_ids"].clone()
    for (place, _), token in zip(rows[0].soft, (ID["真"], ID["美"])):
        ids[0, place] = token
    plain = {name: value for name, value in batch.items() if not name.startswith("soft")}
    wanted = PromptObjective(model)(**{**plain, "input_ids": ids})
    found = objective(**batch)
    assert found["loss"].item() == pytest.approx(wanted["loss"].item(), rel=1e-5)
    assert objective.trained() == [objective.soft_rows]
    found["loss"].backward()
    assert objective.soft_rows.grad.abs().sum(1).min() > 0


def test_a_step_along_the_gradient_makes_wrong_text_less_likely():
    maker = RowMaker([Template("{text}很{mask}")], make_tokenizer(), limit=40, mlm_rate=0.5)
    rng = np.random.default_rng(1)
    both = [
        maker.filled_row(cloze("电网变压器", (1.0, "好"), wrong="没"), 0, right, rng)
        for right in (True, False)
    ]
    batch = as_batch(both, 0, conditioning=1.0)
    objective = PromptObjective(make_model("bert"))

    def chances():
        with torch.no_grad():
            logits = objective.network(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        found = logits.flatten(0, 1)[batch["where"]].softmax(-1)[batch["question"], batch["token"]]
        return found[~batch["unlikely"]].log().mean(), found[batch["unlikely"]].log().mean()

    right, _ = chances()
    objective(**batch)["loss"].backward()
    with torch.no_grad():
        for parameter in objective.parameters():
            if parameter.grad is not None:
                parameter -= 0.02 * parameter.grad
    assert chances()[0] > right
    only_wrong = as_batch(both[1:], 0, conditioning=1.0)
    objective.zero_grad()
    before = chances()[1]
    objective(**only_wrong)["loss"].backward()
    with torch.no_grad():
        for parameter in objective.parameters():
            if parameter.grad is not None:
                parameter -= 0.02 * parameter.grad
    assert chances()[1] < before
