"""``zhnlp train similarity``: an encoder from each form of examples, by what is held out, and again from hard negatives."""

import json

import numpy as np
import pytest
from command import refused, zhnlp

from zhnlp.cli.train_similarity import GRU
from zhnlp.similarity import SentenceEncoder

ASKED = {
    "退款": ["怎么退款", "如何退钱", "钱怎么退回来", "退款在哪里申请"],
    "发货": ["何时发货", "几天发出", "什么时候寄出", "多久能发货"],
    "发票": ["怎么开发票", "发票在哪里开", "能开票吗", "开票要什么"],
}
GROUPS = [(group, text) for group, texts in ASKED.items() for text in texts]
PAIRS = [
    (first, second, int(one == other))
    for one, first in GROUPS
    for other, second in GROUPS
    if first < second and (one == other or ord(first[0]) % 3 == 0)
]
TRIPLES = [(texts[0], texts[1], ASKED["发货"][2]) for name, texts in ASKED.items() if name != "发货"] * 4
ROWS = {"groups": GROUPS, "pairs": PAIRS, "triples": TRIPLES}
SMALL = ("--model", "gru", "--min-count", 1, "--epochs", 2, "--batch-size", 4, "--quiet")


def table(folder, form):
    path = folder / f"{form}.tsv"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in ROWS[form]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("form", "metric"), [("groups", "hit_1"), ("pairs", "spearman"), ("triples", "accuracy")]
)
def test_each_form_makes_an_encoder_as_the_api_does(tmp_path, form, metric):
    from zhnlp.similarity import read_examples

    path, out = table(tmp_path, form), tmp_path / "mine"
    said = json.loads(
        zhnlp("train", "similarity", path, "--form", form, "--valid", path, "--out", out, *SMALL).stdout
    )
    assert said[form] == len(ROWS[form]) and -1 <= said[metric] <= 1
    examples = read_examples(path, form)
    expected = SentenceEncoder.gru(examples.texts(), min_count=1, **GRU["gru"])
    expected.fit(examples, examples, epochs=2, batch_size=4, progress=False)
    assert np.array_equal(SentenceEncoder(out).encode("怎么退款"), expected.encode("怎么退款"))


def test_the_same_command_again_ends_with_the_same_encoder(tmp_path):
    path, out = table(tmp_path, "groups"), tmp_path / "mine"
    command = ("train", "similarity", path, "--form", "groups", "--valid", path, "--out", out, *SMALL)
    command = (*command, "--hard-negatives", 1, "--learning-rate", 0.01)
    first = zhnlp(*command)
    vector = SentenceEncoder(out).encode("怎么退款")
    assert json.loads(first.stdout)["triples"] > 0
    assert zhnlp(*command).stdout == first.stdout
    assert np.array_equal(SentenceEncoder(out).encode("怎么退款"), vector)


def test_columns_are_named_and_other_pairs_choose(tmp_path):
    rows = [{"id": group, "question": text} for group, text in GROUPS]
    path = tmp_path / "faq.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    options = ("--form", "groups", "--fields", "id,question", "--loss", "softmax", "--out", tmp_path / "mine")
    valid = ("--valid", table(tmp_path, "pairs"), "--valid-form", "pairs")
    said = json.loads(zhnlp("train", "similarity", path, *options, *valid, *SMALL).stdout)
    assert {"groups", "spearman", "pearson", "epoch"} <= said.keys()


def test_texts_alone_train_a_transformer(tmp_path):
    from small_models import save_checkpoint

    save_checkpoint(tmp_path / "model", "roformer")
    texts = tmp_path / "texts.tsv"
    texts.write_text("今天天气很好\n北京大学\n研究电网\n断路检修\n", encoding="utf-8")
    options = (
        "--form",
        "texts",
        "--model",
        tmp_path / "model",
        "--max-length",
        16,
        "--out",
        tmp_path / "mine",
    )
    said = json.loads(
        zhnlp("train", "similarity", texts, *options, "--epochs", 1, "--batch-size", 2, "--quiet").stdout
    )
    assert said == {"folder": str(tmp_path / "mine"), "texts": 4}
    assert SentenceEncoder(tmp_path / "mine").encode("北京").shape == (32,)


def test_help_and_refusals(tmp_path):
    assert "zhnlp train similarity corpora/faq/shop.csv" in " ".join(
        zhnlp("train", "similarity", "--help").stdout.split()
    )
    path, out = table(tmp_path, "triples"), ("--out", tmp_path / "mine")
    for options, said in [
        (("--form", "couples"), "form='couples' is not known"),
        (("--form", "triples", "--hard-negatives", 2), "expected groups or pairs"),
        (("--form", "triples", "--loss", "cosent", *SMALL), "loss='cosent' does not learn from triples"),
        (("--form", "triples", "--fields", "a,b", *SMALL), "names 2 columns (a, b)"),
    ]:
        assert said in refused("train", "similarity", path, *options, *out)
