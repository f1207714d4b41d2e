import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from zhnlp.metrics import evaluate_retrieval
from zhnlp.nn.losses.cosent import cosent
from zhnlp.nn.losses.cosine import cosines, paired_cosines
from zhnlp.similarity import Examples, SentenceEncoder, mine_hard_negatives
from zhnlp.similarity.objectives import CLASSES, LOSSES, Objective
from zhnlp.similarity.training import collate, rows_of, split
from zhnlp.training.regularizers.base import Regularizer

ASKED = [
    ("退款", "怎么退款"), ("退款", "如何退钱"), ("退款", "钱怎么退回来"),
    ("发货", "何时发货"), ("发货", "几天发出"), ("发货", "什么时候寄出"),
    ("发票", "怎么开发票"), ("发票", "发票在哪里开"), ("发票", "能开票吗"),
    ("密码", "忘记密码"), ("密码", "密码找不到了"), ("密码", "怎么改密码"),
]  # fmt: skip
GROUPS = Examples.of("groups", ASKED)
PAIRS = Examples.of(
    "pairs",
    [
        ("怎么退款", "如何退钱", 1),
        ("怎么退款", "何时发货", 0),
        ("忘记密码", "怎么改密码", 1),
        ("几天发出", "能开票吗", 0),
    ]
    * 4,
)
TRIPLES = Examples.of(
    "triples", [("怎么退款", "如何退钱", "怎么改密码"), ("何时发货", "几天发出", "怎么开发票")] * 4
)
TEXTS = Examples.of("texts", GROUPS.columns[0])
SHORT = {"epochs": 1, "batch_size": 4, "progress": False}


class Killer(Regularizer):
    """Ends a training in its n-th step."""

    def __init__(self, steps):
        self.left = steps

    def loss(self, model, inputs, loss, outputs=None):
        self.left -= 1
        if not self.left:
            raise RuntimeError("killed")
        return loss


def gru(**options):
    return SentenceEncoder.gru(GROUPS.texts(), min_count=1, hidden_size=16, embedding_size=16, **options)


@pytest.mark.parametrize("loss", LOSSES["groups"])
def test_every_loss_of_groups_brings_groups_together(loss):
    options = {"blend": 5.0} if loss == "a-softmax" else {}
    encoder = gru().fit(
        GROUPS,
        valid=False,
        loss=loss,
        options=options,
        epochs=30,
        batch_size=6,
        learning_rate=5e-3,
        progress=False,
    )
    vectors = encoder.encode(GROUPS.columns[0], normalize=True)
    same = np.equal.outer(GROUPS.labels, GROUPS.labels)
    cos = vectors @ vectors.T
    assert cos[same].mean() > cos[~same].mean() + 0.3


def test_characters_that_a_gru_corrects_learn_in_few_steps():
    sizes = {"embedding_size": 64, "hidden_size": 64, "state_size": 16}
    encoder = SentenceEncoder.gru(GROUPS.texts(), min_count=1, dropout=0.0, **sizes)
    before = encoder.encode(GROUPS.columns[0])
    drawn = encoder.network.transformer.embedding.weight.clone()
    how = {"epochs": 30, "batch_size": 6, "learning_rate": 2e-2, "progress": False}
    encoder.fit(GROUPS, valid=GROUPS, loss="contrast", options={"margin": 0.3}, **how)
    assert encoder.history_[-1]["hit_1"] == 1
    assert evaluate_retrieval(before, GROUPS.labels)["hit@1"] < 1
    assert torch.equal(encoder.network.transformer.embedding.weight, drawn)


@pytest.mark.parametrize(
    ("examples", "loss"),
    [(PAIRS, "cosent"), (PAIRS, "angle"), (TRIPLES, "supervised-simcse"), (TRIPLES, "triplet")],
    ids=lambda value: value if isinstance(value, str) else value.form,
)
def test_losses_of_pairs_and_triples_move_right_ones_together(examples, loss):
    before, encoder = gru(), gru()
    encoder.fit(examples, valid=False, loss=loss, epochs=30, batch_size=8, learning_rate=5e-3, progress=False)
    if examples.form == "pairs":
        right = [row for row, label in zip(zip(*examples.columns), examples.labels) if label]
        wrong = [row for row, label in zip(zip(*examples.columns), examples.labels) if not label]
    else:
        anchors, rights, wrongs = examples.columns
        right, wrong = list(zip(anchors, rights)), list(zip(anchors, wrongs))

    def gap(one):
        near, far = (
            np.multiply(*(one.encode(column, normalize=True) for column in zip(*rows))).sum(1).mean()
            for rows in (right, wrong)
        )
        return near - far

    assert gap(encoder) > gap(before)


def test_a_contrast_of_pairs_parts_what_no_pair_joins():
    encoder = gru().fit(
        PAIRS, valid=False, loss="contrast", epochs=60, batch_size=8, learning_rate=1e-2, progress=False
    )
    refund, money, forgot, change = encoder.encode(
        ["怎么退款", "如何退钱", "忘记密码", "怎么改密码"], normalize=True
    )
    assert min(refund @ money, forgot @ change) > max(refund @ forgot, money @ change) + 0.1


def test_sbert_is_a_classifier_of_both_vectors_and_their_distance():
    encoder = gru()
    torch.manual_seed(0)
    objective = Objective(encoder.network, "pairs", "sbert", labels=2, size=16)
    first, second = (torch.from_numpy(encoder.encode([text])) for text in ("怎么退款", "如何退钱"))
    features = torch.cat([first, second, (first - second).abs()], 1)
    expected = -objective.classifier(features).log_softmax(-1)[0, 1]
    ids = [encoder.tokenizer(text)["input_ids"] for text in ("怎么退款", "如何退钱")]
    loss = objective(**collate([{"ids": ids, "label": 1}], 0))["loss"]
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)


def test_texts_alone_are_read_twice_with_dropout():
    torch.manual_seed(0)
    encoder = gru()
    config = BertConfig(
        vocab_size=len(encoder.tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    bert = SentenceEncoder(BertModel(config), tokenizer=encoder.tokenizer, max_length=16)
    before = bert.encode(TEXTS.columns[0], normalize=True)
    bert.fit(TEXTS, valid=False, epochs=20, batch_size=6, learning_rate=2e-3, progress=False)
    after = bert.encode(TEXTS.columns[0], normalize=True)
    off = ~np.eye(len(before), dtype=bool)
    assert (after @ after.T)[off].mean() < (before @ before.T)[off].mean() - 0.1  # spread over the sphere
    assert all(module.p == 0 for module in bert.network.modules() if isinstance(module, torch.nn.Dropout))
    with pytest.raises(ValueError, match="no dropout"):
        gru().fit(TEXTS, **SHORT)  # a GRU has none, and both readings would be the same


def test_a_batch_is_what_its_loss_is_by_hand():
    encoder = gru()
    rows, labels, count = rows_of(PAIRS, "cosent")
    objective = Objective(encoder.network, "pairs", "cosent", labels=count, size=16)
    batch = collate(
        [{"ids": [encoder.tokenizer(text)["input_ids"] for text in row], "label": label} for row, label in zip(rows[:4], labels)], 0
    )  # fmt: skip
    first, second = (torch.from_numpy(encoder.encode([row[side] for row in rows[:4]])) for side in (0, 1))
    expected = cosent(paired_cosines(first, second), torch.tensor(labels[:4]))
    assert objective(**batch)["loss"].item() == pytest.approx(expected.item(), abs=1e-5)


def test_rows_of_each_loss():
    assert rows_of(GROUPS, "am-softmax")[0][0] == ("怎么退款",)
    rows, labels, count = rows_of(GROUPS, "contrast")
    assert (len(rows), count) == (12, 4)
    named = dict(zip(GROUPS.columns[0], GROUPS.labels))
    assert all(named[a] == named[b] and a != b for a, b in rows)
    rows, labels, _ = rows_of(PAIRS, "contrast")
    assert set(rows) == {("怎么退款", "如何退钱"), ("忘记密码", "怎么改密码")}
    assert len(set(labels)) == 2
    assert rows_of(Examples.of("pairs", [("a", "b", 5), ("a", "c", 2.5)]), "sbert")[1] == [1, 0]


def test_the_best_pass_is_kept_and_said():
    encoder = gru().fit(
        GROUPS, valid=GROUPS, epochs=4, batch_size=6, learning_rate=5e-3, patience=None, progress=False
    )
    assert [set(line) >= {"hit_1", "mrr", "epoch"} for line in encoder.history_] == [True] * 4
    encoder = gru().fit(PAIRS, valid=PAIRS, **SHORT)
    assert -1 <= encoder.history_[0]["spearman"] <= 1
    assert gru().fit(TRIPLES, valid=TRIPLES, **SHORT).history_[0]["accuracy"] >= 0


def test_whole_groups_are_held_out():
    many = Examples.of("groups", [(number // 2, f"第{number}问") for number in range(400)])
    train, held = split(many, seed=1)
    assert len(held) == 20
    assert not set(train.labels) & set(held.labels)
    assert split(GROUPS, 0) == (GROUPS, None)
    assert split(Examples.of("texts", [str(n) for n in range(500)]), 0)[1] is None


def test_the_same_seed_gives_the_same_vectors_and_a_killed_training_goes_on(tmp_path):
    whole = gru().fit(GROUPS, valid=False, epochs=4, batch_size=6, progress=False, out=tmp_path / "whole")
    again = gru().fit(GROUPS, valid=False, epochs=4, batch_size=6, progress=False)
    half = {"epochs": 4, "batch_size": 6, "progress": False, "out": tmp_path / "half"}
    with pytest.raises(RuntimeError, match="killed"):
        gru().fit(GROUPS, valid=False, **half, regularizers=[Killer(5)])
    resumed = gru().fit(GROUPS, valid=False, **half)
    text = GROUPS.columns[0]
    assert np.array_equal(whole.encode(text), again.encode(text))
    assert np.array_equal(whole.encode(text), resumed.encode(text))


def test_a_sample_of_groups_is_enough():
    encoder = gru().fit(GROUPS, valid=False, sample=4, **SHORT)
    assert np.isfinite(encoder.encode("怎么退款")).all()


def test_negatives_are_of_other_groups_and_not_nearer_than_the_right_text():
    encoder = gru()
    mined = mine_hard_negatives(encoder, GROUPS, count=2, below_right=-2, highest=2.0)
    named = dict(zip(GROUPS.columns[0], GROUPS.labels))
    assert all(named[a] == named[r] != named[w] for a, r, w in zip(*mined.columns))
    vectors = dict(zip(GROUPS.columns[0], encoder.encode(GROUPS.columns[0], normalize=True)))
    anchor, _, first = (column[0] for column in mined.columns)
    others = [vectors[anchor] @ vectors[text] for text in named if named[text] != named[anchor]]
    assert vectors[anchor] @ vectors[first] == pytest.approx(max(others), abs=1e-5)
    with pytest.raises(ValueError, match="no wrong text was found"):
        mine_hard_negatives(encoder, GROUPS, highest=-2.0)


@pytest.mark.parametrize(
    ("examples", "options", "message"),
    [
        (GROUPS, {"loss": "cosent"}, "loss='cosent' does not learn from groups"),
        (Examples.of("pairs", [("a", "b")] * 3), {}, "needs grades"),
        (Examples.of("pairs", [("a", "b", 1)] * 3), {}, "all 3 pairs have the label 1"),
        (Examples.of("groups", [(0, "a"), (0, "b")]), {}, "of one group"),
        (Examples.of("groups", [(0, "a"), (1, "b")]), {"loss": "contrast"}, "no group has two texts"),
        (GROUPS, {"valid": TEXTS}, "cannot choose a pass"),
        (GROUPS, {"epochs": 0}, "epochs=0"),
    ],
)
def test_what_cannot_be_learnt_is_refused(examples, options, message):
    options = {**SHORT, **options}
    with pytest.raises(ValueError, match=message):
        gru().fit(examples, options.pop("valid", False), **options)


def test_something_else_than_examples_is_refused():
    with pytest.raises(TypeError, match=r"Examples\.of"):
        gru().fit([("a", "b")])


def test_every_softmax_has_its_centres():
    for loss in CLASSES:
        objective = Objective(torch.nn.Identity(), "groups", loss, labels=3, size=2)
        cos = cosines(torch.eye(2), objective.centres.weight)
        assert cos.shape == (2, 3)
