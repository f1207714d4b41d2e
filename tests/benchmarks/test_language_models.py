"""What the language-model benchmarks are made of: documents drawn, the 4-gram's rows, two trainers with one start."""

import sys
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import language_models  # noqa: E402
import training_throughput  # noqa: E402
from harness.report import Report  # noqa: E402
from workers import train_mlm  # noqa: E402

from zhnlp.mining.kneser_ney import KneserNey  # noqa: E402
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab  # noqa: E402
from zhnlp.training.pretraining.tokens import TokenFile  # noqa: E402

TRAINING = ["深度学习很好，学习很好。", "天地玄黄，宇宙洪荒。"] * 20


def test_documents_are_drawn_whole_but_for_the_last():
    rows = ["天" * n for n in range(1, 40)]
    chosen = language_models.sample(iter(rows), 100, seed=1)
    assert sum(map(len, chosen)) == 100 and len({len(row) for row in chosen[:-1]}) == len(chosen) - 1
    assert chosen == language_models.sample(iter(rows), 100, seed=1)
    assert chosen != language_models.sample(iter(rows), 100, seed=2)
    assert sorted(language_models.sample(iter(rows), 0, seed=1)) == rows


def test_rows_of_the_4_gram(tmp_path, capsys):
    """Bits by hand: the nats of what stands between [CLS] and [SEP], the end paid for."""
    tokenizer = build_tokenizer(train_char_vocab(TRAINING, min_count=1, min_sign=1), form="causal-lm")
    file = TokenFile.build(TRAINING, tokenizer, tmp_path / "tokens")
    part = language_models.Part("toy", ["深度 学习。", "天地龘"], clean=[0])
    report = Report("toy", {"system": "system"})
    bits = language_models.ngram_rows(tokenizer, [part], report, tmp_path, [tmp_path / "tokens"])
    model = KneserNey(len(tokenizer)).fit(file.ids)
    ends = tokenizer("深度学习。")["input_ids"]
    nats = model.nats(np.array([*ends, tokenizer.eos_token_id]))[1:].sum()
    assert bits["toy", "clean"] == pytest.approx(nats / log(2) / 5)
    assert bits["toy", "all"] > bits["toy", "clean"]
    everything, clean = report.lines
    assert (everything["characters"], everything["unknown_share"]) == (8, 1 / 8)
    assert (clean["documents"], clean["unknown_share"], clean["trained_tokens"]) == (1, 0, len(file))
    assert capsys.readouterr().out.count("\n") == 2


def test_both_trainers_begin_with_the_same_network_and_rows(tmp_path):
    folder = tmp_path / "text"
    size = training_throughput.write_tokens(folder, 200, seed=0)
    assert size == 200
    options = {"threads": 1, "processes": 1, "rows": 2, "length": 16, "steps": 2}
    trainers = {
        name: train_mlm.make_trainer(folder, str(tmp_path / name), {**options, "system": name})
        for name in ("zhnlp", "transformers")
    }
    ours, theirs = (trainer.model.state_dict() for trainer in trainers.values())
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert type(trainers["transformers"]).__module__ == "transformers.trainer"
    batches = [next(iter(trainer.get_train_dataloader())) for trainer in trainers.values()]
    assert [tuple(batch["input_ids"].shape) for batch in batches] == [(2, 16)] * 2
    assert trainers["zhnlp"].args.bf16 and not trainers["transformers"].args.bf16


def test_the_systems_compared():
    assert list(training_throughput.systems(1)) == ["zhnlp, 1 core", "transformers, 1 core"]
    made = training_throughput.systems(2)
    assert all(
        what["threads"] * what["processes"] == 2 for name, what in made.items() if "1 core" not in name
    )
    assert {what["rows"] for name, what in made.items() if "each" not in name} == {32}
