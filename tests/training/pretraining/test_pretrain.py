"""Pre-training runs: they learn, continue bit for bit, anneal, and refuse another plan."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from zhnlp.checkpoints.card import read_card
from zhnlp.checkpoints.quantized import load_state
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.pretraining.anneal import anneal
from zhnlp.training.pretraining.finish import curve, finish
from zhnlp.training.pretraining.plan import Plan
from zhnlp.training.pretraining.run import pretrain
from zhnlp.training.pretraining.start import log_unigrams, ppmi_embeddings
from zhnlp.training.pretraining.tokens import TokenFile

SMALL = {"layers": 1, "width": 16, "heads": 2, "rows": 4, "length": 16, "warmup": 2, "learning_rate": 1e-2}
QUIET = {"disable_tqdm": True, "use_cpu": True, "logging_steps": 5}


@pytest.fixture(scope="module", params=["masked-lm", "causal-lm"])
def work(request, tmp_path_factory):
    text = ["春眠不觉晓处处闻啼鸟" * 20, "夜来风雨声花落知多少" * 20]
    tokenizer = build_tokenizer(train_char_vocab(text, min_count=1, latin_pieces=0), form=request.param)
    folder = tmp_path_factory.mktemp("tokens")
    return request.param, tokenizer, TokenFile.build(text, tokenizer, folder)


def run(work, out, steps, *, seed=0, **options):
    objective, tokenizer, file = work
    plan = Plan(objective, seed=seed, **SMALL)
    options = {
        "held_out": {"poem": file},
        "held_out_rows": 8,
        "evaluate_every": 10,
        "save_every": 10,
        **options,
    }
    return pretrain(plan, tokenizer, [file], out, steps=steps, **QUIET, **options)


def history(checkpoint):
    return json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]


def test_it_learns_what_it_reads(work, tmp_path):
    last = run(work, tmp_path, 60)
    losses = [entry["eval_poem_loss"] for entry in history(last) if "eval_poem_loss" in entry]
    assert losses[-1] < 0.8 * losses[0], losses
    logged = next(entry for entry in history(last) if "tokens_per_second" in entry)
    assert logged["tokens"] == 5 * 4 * 16 and logged["tokens_per_second"] > 0
    if work[0] == "masked-lm":
        assert 0 <= max(entry.get("eval_poem_accuracy", -1) for entry in history(last)) <= 1


def test_stopped_and_continued_is_as_in_one_go(work, tmp_path):
    whole = run(work, tmp_path / "whole", 20)
    run(work, tmp_path / "parts", 10)
    parts = run(work, tmp_path / "parts", 20)
    one, two = (load_file(path / "model.safetensors") for path in (whole, parts))
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_evaluation_does_not_change_the_weights(work, tmp_path):
    judged = run(work, tmp_path / "judged", 10, evaluate_every=2)
    silent = run(work, tmp_path / "silent", 10, held_out=None)
    one, two = (load_file(path / "model.safetensors") for path in (judged, silent))
    assert all(torch.equal(one[name], two[name]) for name in one)


def let_anneal(work, checkpoint, folder, steps, **options):
    objective, tokenizer, file = work
    plan = Plan(objective, **SMALL)
    return anneal(plan, tokenizer, [file], checkpoint, folder, steps=steps, save_every=5, **QUIET, **options)


def test_anneal_lets_the_rate_fall_to_nothing_and_leaves_the_training_alone(work, tmp_path):
    last = run(work, tmp_path / "run", 10)
    before = (last / "model.safetensors").read_bytes()
    final = let_anneal(work, last, tmp_path / "run/final", 20)
    rates = [
        entry["learning_rate"]
        for entry in history(final)
        if entry.get("learning_rate") and entry["step"] > 10
    ]
    assert final.name == "checkpoint-30" and len(rates) == 4
    assert rates == pytest.approx([1e-2 * left / 20 for left in (16, 11, 6, 1)], rel=1e-3)
    assert (last / "model.safetensors").read_bytes() == before


def test_a_cut_off_anneal_ends_as_a_whole_one(work, tmp_path):
    last = run(work, tmp_path / "run", 10)
    whole = let_anneal(work, last, tmp_path / "whole", 10)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut/checkpoint-20")  # killed behind step 15
    cut = let_anneal(work, last, tmp_path / "cut", 10)
    one, two = (load_file(path / "model.safetensors") for path in (whole, cut))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_broken_checkpoint_is_not_annealed(work, tmp_path):
    last = run(work, tmp_path, 10)
    (last / "INCOMPLETE").touch()
    with pytest.raises(ValueError, match=r"checkpoint-10 cannot be annealed: it was being written"):
        let_anneal(work, last, tmp_path / "final", 5)


def test_another_plan_and_fewer_steps_are_refused(work, tmp_path):
    run(work, tmp_path, 10)
    with pytest.raises(ValueError, match="was begun with another plan: seed 0 → 1"):
        run(work, tmp_path, 20, seed=1)
    with pytest.raises(ValueError, match="has 10 steps: expected more in all, got steps=5"):
        run(work, tmp_path, 5)


def test_plans_are_checked():
    with pytest.raises(ValueError, match="expected one of 'masked-lm', 'causal-lm'"):
        Plan("bert")
    with pytest.raises(ValueError, match="width 10 and 4 heads"):
        Plan("masked-lm", width=10)


def test_unigrams_by_hand():
    assert log_unigrams(np.array([2, 2, 2]), 3).exp().tolist() == pytest.approx(
        [0.5 / 4.5, 0.5 / 4.5, 3.5 / 4.5]
    )


def test_tokens_of_the_same_neighbours_start_near_each_other():
    rng = np.random.default_rng(0)
    # 0 and 1 stand between 4 and 5; 2 and 3 between 6 and 7
    ids = np.concatenate(
        [
            [4, rng.integers(0, 2), 5] if rng.random() < 0.5 else [6, rng.integers(2, 4), 7]
            for _ in range(3000)
        ]
    )
    vectors = torch.nn.functional.normalize(ppmi_embeddings(ids, 8, 4), dim=1)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.9 and alike[2, 3] > 0.9 and alike[0, 2] < 0.5
    assert ppmi_embeddings(ids, 8, 4).numpy().std() == pytest.approx(0.04, rel=1e-3)


def test_what_ships_has_weights_tokenizer_and_card(work, tmp_path):
    objective, tokenizer, _ = work
    last = run(work, tmp_path / "run", 10)
    folder = finish(
        last,
        tmp_path / "small",
        plan=Plan(objective, **SMALL),
        data="two poems",
        licence="public domain",
        scores={"accuracy": 0.5},
        limits="a toy",
    )
    card = read_card(folder)
    assert (
        card.fields["tokens"] == 10 * 4 * 16
        and card.fields["seconds"] >= 0
        and card.fields["scores"] == {"accuracy": 0.5}
    )
    assert "# small" in card.text and "two poems" in card.text
    whole, state = load_file(last / "model.safetensors"), load_state(folder)
    assert all((whole[name] - state[name]).abs().max() < 0.01 for name in whole)
    assert AutoTokenizer.from_pretrained(folder)("春眠")["input_ids"] == tokenizer("春眠")["input_ids"]
    assert [point["tokens"] for point in curve(last, 64)] == [640]
