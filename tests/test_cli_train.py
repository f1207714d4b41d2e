"""``zhnlp train``: a model from text files, continued, and what is refused.

Run: pytest tests/test_cli_train.py
"""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import refused, zhnlp
from safetensors.torch import load_file
from trainings import same_bits

from zhnlp.checkpoints.card import read_card

ROOT = Path(__file__).parents[1]
FILES = [str(path) for path in sorted((ROOT / "corpora/power_grid").glob("[0-9]*.txt"))[:4]]
SMALL = ("--layers", 1, "--width", 16, "--heads", 2, "--length", 16, "--rows", 4, "--warmup", 2)
QUIET = (*SMALL, "--held-out", 0.1, "--quiet")


def train(objective, out, steps, *options):
    if objective == "masked-lm":  # jieba's dictionary would take longer than the training
        options = ("--lexicon", ROOT / "corpora/power_grid/terms.txt", *options)
    return json.loads(
        zhnlp("train", objective, *FILES, "--out", out, "--steps", steps, *QUIET, *options).stdout
    )


@pytest.mark.parametrize("objective", ["masked-lm", "causal-lm"])
def test_a_model_is_trained_continued_and_loads_with_transformers(objective, tmp_path):
    import transformers

    first = train(objective, tmp_path / "two", 5)
    assert first["steps"] == 5 and first["tokens"] == 5 * 4 * 16 and first["loss"] > 1
    second = train(objective, tmp_path / "two", 10)
    whole = train(objective, tmp_path / "one", 10)
    assert second["steps"] == 11 and second["loss"] == whole["loss"]
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("two", "one"))
    assert same_bits(ours, theirs)
    kind = (
        transformers.AutoModelForMaskedLM if objective == "masked-lm" else transformers.AutoModelForCausalLM
    )
    model = kind.from_pretrained(tmp_path / "two")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "two")
    ids = tokenizer("变压器电网", return_tensors="pt")["input_ids"]
    assert model(input_ids=ids).logits.shape == (1, ids.shape[1], len(tokenizer))
    assert tokenizer.unk_token_id not in ids
    assert not (tmp_path / "two/optimizer.pt").exists()
    log = (tmp_path / "two/training/steps/log.jsonl").read_text("utf-8")
    before = log, (tmp_path / "two/model.safetensors").stat().st_size
    assert train(objective, tmp_path / "two", 10) == second  # nothing left to do
    assert (tmp_path / "two/training/steps/log.jsonl").read_text("utf-8") == before[0]


def test_a_training_begins_from_a_model_on_other_text(tmp_path):
    first = train("causal-lm", tmp_path / "first", 5)
    card = read_card(tmp_path / "first").fields
    assert card["tokens"] == first["tokens"] and card["task"] == "text-generation" and card["seed"] == 0
    begin = (
        "train",
        "causal-lm",
        *FILES[:2],
        "--out",
        tmp_path / "on",
        "--steps",
        5,
        *QUIET,
        "--min-count",
        2,
    )
    other = json.loads(zhnlp(*begin, "--start", tmp_path / "first", "--seed", 1).stdout)
    assert other["steps"] == 10 and other["tokens"] == 10 * 4 * 16  # the card says what the first one read
    vocabularies = [(tmp_path / name / "tokenizer.json").read_bytes() for name in ("first", "on")]
    assert vocabularies[0] == vocabularies[1]  # whatever the other text holds
    said = refused(*begin, "--start", tmp_path / "first", "--seed", 1, "--width", 32)
    assert "another plan: width 16 → 32" in said
    said = refused(
        "train", "causal-lm", *FILES, "--out", tmp_path / "no", *QUIET, "--start", "zhnlp-gpt-small"
    )
    assert "training cannot begin from zhnlp-gpt-small" in said and "(7354, 256) there" in said


def test_what_cannot_be_continued_is_refused(tmp_path):
    out = ("--out", tmp_path / "model", "--steps", 1)
    zhnlp("train", "causal-lm", *FILES, *out, *QUIET)
    assert "other text or options (fingerprint)" in refused("train", "causal-lm", *FILES[:2], *out, *QUIET)
    assert "other text or options (min_count, min_sign)" in refused(
        "train", "causal-lm", *FILES, *out, *QUIET, "--min-count", 2
    )
    assert "another plan: width 16 → 32" in refused("train", "causal-lm", *FILES, *out, *QUIET, "--width", 32)


def test_refusals(tmp_path):
    out = ("--out", tmp_path / "model")
    (tmp_path / "file").write_text("x")
    assert "expected the name of a folder" in refused(
        "train", "masked-lm", *FILES, "--out", tmp_path / "file"
    )
    assert "no.txt" in refused("train", "masked-lm", tmp_path / "no.txt", *out)
    assert "an even number of features a head" in refused("train", "masked-lm", *FILES, *out, "--heads", 7)
    assert "can be read only once" in refused("train", "causal-lm", "-", *out, stdin="电网\n")
    (tmp_path / "blank.txt").write_text("\n\n")
    assert "holds no character" in refused("train", "causal-lm", tmp_path / "blank.txt", *out, *QUIET)
    assert "Missing option '--out'" in refused("train", "masked-lm", *FILES)


def test_a_first_run_that_failed_blocks_nothing(tmp_path):
    out, text = ("--out", tmp_path / "model", "--steps", 1, "--anneal", 0), tmp_path / "text.txt"
    for content, said in (
        ("\n", "holds no character"),
        ("电网\n", r"expected at least a row of .* Next: more text"),
    ):
        text.write_text(content, "utf-8")
        assert re.search(said, refused("train", "causal-lm", text, *out, *SMALL, "--quiet", "--held-out", 0))
    text.write_text("".join(Path(file).read_text("utf-8") for file in FILES), "utf-8")
    kept_out_none = (*SMALL, "--quiet", "--held-out", 0, "--length", 20)
    result = json.loads(zhnlp("train", "causal-lm", text, *out, *kept_out_none).stdout)
    assert result["steps"] == 1 and result["held_out"] is None and "loss" not in result
    text.write_text("电网" * 999, "utf-8")
    assert "other text or options (fingerprint)" in refused("train", "causal-lm", text, *out, *kept_out_none)


def test_all_documents_cannot_be_kept_out(tmp_path):
    for share in (1, -0.1):
        said = refused("train", "causal-lm", *FILES, "--out", tmp_path, *SMALL, "--held-out", share)
        assert f"the held-out share is {float(share)}: expected 0 or more and less than 1" in said


def test_interrupted_it_says_how_to_go_on(tmp_path):
    code = "from zhnlp.cli import main; main()"
    options = ("--out", tmp_path, "--steps", 100_000, *QUIET)
    command = [sys.executable, "-c", code, "train", "causal-lm", *FILES, *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for _ in range(600):
            if (tmp_path / "training/steps/plan.json").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        told, said = (stream.decode() for stream in process.communicate(timeout=60))
    assert process.returncode == 130 and told == ""
    assert said.splitlines()[-1] == f"zhnlp: stopped; the same command goes on from what {tmp_path} holds"
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [["train"], ["train", "masked-lm"], ["train", "causal-lm"]])
def test_help_has_an_example(command):
    assert "Example: zhnlp train" in zhnlp(*command, "--help").stdout


def test_another_lexicon_is_refused(tmp_path):
    lexicon, out = tmp_path / "words.txt", tmp_path / "model"
    lexicon.write_text("变压器\n", "utf-8")
    command = ("train", "masked-lm", *FILES, "--out", out, "--steps", 1, *QUIET, "--lexicon", lexicon)
    zhnlp(*command)
    lexicon.write_text("变压器\n电网\n", "utf-8")
    assert "other text or options (words)" in refused(*command)


def test_a_short_training_has_a_short_warmup_and_keeps_it(tmp_path):
    options = [*SMALL[:-2], "--held-out", 0.1, "--quiet"]
    for steps in (20, 30):
        zhnlp("train", "causal-lm", *FILES, "--out", tmp_path, "--steps", steps, "--anneal", 1, *options)
        plan = json.loads((tmp_path / "training/steps/plan.json").read_text("utf-8"))
        assert plan["warmup"] == 2
