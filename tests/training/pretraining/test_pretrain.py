"""Pre-training runs: they learn, continue bit for bit, anneal, and refuse another plan."""

import json
import shutil
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, TrainerState, TrainingArguments

from zhnlp.checkpoints.card import read_card
from zhnlp.checkpoints.quantized import load_state
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.pretraining.anneal import anneal
from zhnlp.training.pretraining.blocks import PackedBlocks
from zhnlp.training.pretraining.finish import curve, finish
from zhnlp.training.pretraining.masking import MaskTokens, NextTokens
from zhnlp.training.pretraining.plan import Plan, fitting_warmup
from zhnlp.training.pretraining.run import held_out_scores, pretrain
from zhnlp.training.pretraining.start import log_unigrams, ppmi_embeddings
from zhnlp.training.pretraining.throughput import Throughput
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


def test_an_anneal_may_read_longer_rows(work, tmp_path):
    objective, tokenizer, file = work
    last = run(work, tmp_path / "run", 10)
    plan = Plan(objective, **SMALL).with_length(32)
    assert (plan.rows, plan.tokens_a_step) == (2, 64)
    final = anneal(plan, tokenizer, [file], last, tmp_path / "final", steps=5, save_every=5, **QUIET)
    assert final.name == "checkpoint-15"
    assert json.loads((tmp_path / "final/plan.json").read_text())["length"] == 32
    with pytest.raises(ValueError, match=r"rows of 128 tokens do not fit: expected 2 to 64"):
        plan.with_length(128)


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


def test_an_anneal_before_the_warmup_is_over_falls_from_the_rate_that_was_reached(work, tmp_path):
    objective, tokenizer, file = work
    plan = Plan(objective, **{**SMALL, "warmup": 20})
    options = {**QUIET, "logging_steps": 1}
    last = pretrain(plan, tokenizer, [file], tmp_path / "run", steps=6, **options)
    final = anneal(plan, tokenizer, [file], last, tmp_path / "final", steps=4, **options)
    rates = [entry["learning_rate"] for entry in history(final) if "learning_rate" in entry]
    expected = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.225, 0.15, 0.075]
    assert rates == pytest.approx([1e-2 * share for share in expected])


def test_more_steps_of_decay_than_steps_are_refused(work, tmp_path):
    with pytest.raises(ValueError, match="anneal is 11: expected 0 to 10"):
        run(work, tmp_path, 10, anneal=11)


def test_warmup_fits_a_short_training_and_stays_what_it_was(tmp_path):
    assert [fitting_warmup(steps, tmp_path) for steps in (5, 120, 2000, 20_000)] == [0, 12, 200, 200]
    (tmp_path / "plan.json").write_text(json.dumps(Plan("masked-lm", warmup=7).as_dict()))
    assert fitting_warmup(20_000, tmp_path) == 7


def test_held_out_text_is_masked_one_by_one_whatever_the_training_does(work, tmp_path):
    """With a rate of 0 the weights stand still, so the figures differ by the masks alone."""
    objective, tokenizer, file = work
    words = TokenFile.build(
        ["春眠不觉晓处处闻啼鸟" * 20],
        tokenizer,
        tmp_path / "w",
        word_starts=lambda text: range(0, len(text), 5),
    )
    scores = []
    for whole in (0.0, 1.0):
        plan = Plan(objective, **{**SMALL, "learning_rate": 0.0}, mask_rate=0.15, whole_words=whole)
        options = {"held_out": {"poem": words}, "held_out_rows": 8, "evaluate_every": 2, **QUIET}
        last = pretrain(plan, tokenizer, [file], tmp_path / str(whole), steps=2, **options)
        scores += [entry["eval_poem_loss"] for entry in history(last) if "eval_poem_loss" in entry]
    assert scores[0] == scores[1]


def test_held_out_scores_are_those_of_transformers_in_one_pass(work):
    objective, tokenizer, file = work
    masked = objective == "masked-lm"
    model = Plan(objective, **SMALL).make_model(tokenizer).float()
    torch.nn.init.normal_(model.get_input_embeddings().weight)  # far from a tie between tokens
    rows = PackedBlocks([file], length=16, size=8, frame=(2, 3) if masked else ())
    collate = MaskTokens(tokenizer, rate=0.3) if masked else NextTokens()
    passes = []
    hook = model.get_input_embeddings().register_forward_hook(lambda *_: passes.append(1))
    scores = held_out_scores(model, rows, collate, batch=4)
    hook.remove()
    assert len(passes) == 2  # one a batch
    data = collate([rows[number] for number in range(8)])
    stock = super(type(model), model.eval()).forward(**data)
    assert scores["loss"] == pytest.approx(float(stock.loss.detach()), rel=2e-2)
    if masked:
        asked = data["labels"] != -100
        right = (stock.logits.argmax(-1) == data["labels"])[asked].float().mean()
        assert scores["accuracy"] == pytest.approx(float(right), abs=0.05)


def test_held_out_text_shorter_than_a_row_is_left_out(work, tmp_path, caplog):
    _, tokenizer, file = work
    short = TokenFile.build(["春眠"], tokenizer, tmp_path / "short")
    last = run(work, tmp_path / "run", 10, held_out={"poem": file, "short": short})
    keys = {key for entry in history(last) for key in entry}
    assert "eval_poem_loss" in keys and "eval_short_loss" not in keys
    assert "not scored: short" in caplog.text


def test_what_a_card_says_comes_from_the_log(work, tmp_path):
    """Two micro-batches a step: twice the tokens; the hardware is that of the training."""
    objective, _, _ = work
    last = run(work, tmp_path / "run", 10, gradient_accumulation_steps=2)
    state = json.loads((last / "trainer_state.json").read_text())
    for entry in state["log_history"]:
        if "hardware" in entry:
            assert "torch" in entry["hardware"]
            entry["hardware"] = "an abacus"
    (last / "trainer_state.json").write_text(json.dumps(state))
    folder = finish(
        last,
        tmp_path / "small",
        plan=Plan(objective, **SMALL),
        data="two poems",
        licence="public domain",
        scores=lambda folder: {"weights": len(load_state(folder))},
        limits="a toy",
    )
    fields = read_card(folder).fields
    assert fields["tokens"] == 10 * 2 * 4 * 16 and fields["hardware"] == "an abacus"
    assert fields["scores"] == {"weights": len(load_state(folder))}  # of what ships
    assert [point["tokens"] for point in curve(last, 64)] == [1280]


def test_loading_counts_evaluation_and_saving_do_not():
    """10 ms to load, 10 to compute; evaluation and saving take 500 each, and are left out."""
    watch = Throughput(tokens_a_step=1000)
    args = TrainingArguments(use_cpu=True, report_to="none")
    state = TrainerState()
    watch.on_train_begin(args, state, None, model=torch.nn.Linear(8, 8))
    for step in range(1, 7):
        time.sleep(0.01)
        watch.on_step_begin(args, state, None)
        time.sleep(0.01)
        state.global_step = step
        watch.on_step_end(args, state, None)
        if step == 3:
            for event in (watch.on_evaluate, watch.on_save):
                time.sleep(0.5)
                event(args, state, None)
    logs = {"loss": 1.0}
    watch.on_log(args, state, None, logs=logs)
    assert logs["tokens"] == 6000
    assert 0.11 <= 6000 / logs["tokens_per_second"] < 0.6  # 5 loadings (the first is the start) and 6 steps


def test_a_training_begins_from_a_model_and_counts_on(work, tmp_path):
    """The first loss is that of the model, not that of a network that has learnt nothing; tokens and seconds add up."""
    objective, tokenizer, file = work
    card = {"data": "a poem", "licence": "none", "limits": "a toy", "scores": {}}
    made = finish(run(work, tmp_path / "a", 40), tmp_path / "toy", plan=Plan(objective, **SMALL), **card)
    begun = read_card(made).fields
    plan = Plan(objective, **{**SMALL, "learning_rate": 1e-9, "start": str(made)})
    options = {"held_out": {"poem": file}, "held_out_rows": 8, "evaluate_every": 5}
    last = pretrain(plan, tokenizer, [file], tmp_path / "b", steps=10, save_every=5, **QUIET, **options)
    before = next(
        e["eval_poem_loss"]
        for e in history(tmp_path / "a/checkpoint-40")
        if e.get("step") == 40 and "eval_poem_loss" in e
    )
    after = [entry for entry in history(last) if "eval_poem_loss" in entry]
    assert after[-1]["eval_poem_loss"] == pytest.approx(before, abs=0.05)  # int8 weights between the two
    assert [point["tokens"] for point in curve(last, 64)] == [45 * 64, 50 * 64]
    facts = read_card(finish(last, tmp_path / "on", plan=plan, **card)).fields
    assert facts["tokens"] == begun["tokens"] + 10 * 64 and facts["steps"] == 50
    assert facts["seconds"] >= begun["seconds"] and facts["plan"]["start"] == str(made)
    further = pretrain(plan, tokenizer, [file], tmp_path / "b", steps=15, save_every=5, **QUIET, **options)
    assert (
        curve(further, 64)[-1]["tokens"] == 55 * 64
    )  # a continued training does not begin from the model again


def test_a_start_that_does_not_fit_is_refused(work, tmp_path):
    objective, tokenizer, file = work
    with pytest.raises(ValueError, match="its vocabulary is another"):
        plan = Plan(objective, **SMALL, start=f"zhnlp-{'mlm' if objective == 'masked-lm' else 'gpt'}-small")
        pretrain(plan, tokenizer, [file], tmp_path / "a", steps=1, **QUIET)
    card = {"data": "a poem", "licence": "none", "limits": "a toy", "scores": {}}
    made = finish(run(work, tmp_path / "b", 1), tmp_path / "toy", plan=Plan(objective, **SMALL), **card)
    with pytest.raises(ValueError, match=r"16.*\) there and \(.*32.*\) in the plan"):
        plan = Plan(objective, **{**SMALL, "width": 32}, start=str(made))
        pretrain(plan, tokenizer, [file], tmp_path / "c", steps=1, **QUIET)
