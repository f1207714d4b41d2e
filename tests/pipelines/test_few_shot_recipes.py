"""The recipes of few-shot learning on a random model and small sets of our own: run, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_few_shot_recipes.py
"""

import dataclasses
import json
import lzma
import runpy
import sys
from itertools import cycle, islice
from pathlib import Path

import pytest
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import few_shot_jobs
import few_shot_methods
import fewclue_published
import fewclue_tasks
import pet_sentiment_rows
from fewclue_sets import FOLDER, NEWS, TASKS, Split

from zhnlp.tokenizers.checks import PROBE
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab

ROOT = Path(__file__).parents[2]
TEXTS = [
    "屏幕很清楚，电池也好",
    "又贵又慢，再也不买",
    "今天天气不错",
    "他打开窗户，看了看外面",
    "价格便宜，送货快",
]
CLASSES = {
    "eprstmt": ["Positive", "Negative"],
    "csldcp": ["作物学", "数学", "药学"],
    "tnews": [100, 103, 116],
    "iflytek": ["打车", "MOBA", "地图导航"],
    "ocnli": ["entailment", "neutral", "contradiction"],
    "bustm": ["0", "1"],
    "csl": ["0", "1"],
    "wsc": ["true", "false"],
    "chid": [0, 1, 2],
}


def row_of(task, number, label):
    """A row as the files have it."""
    text, other = TEXTS[number % 5] + str(number % 10), TEXTS[(number + 1) % 5]
    if task == "chid":
        return {"content": f"{text}#idiom#{other}", "candidates": ["天气", "窗户", "价格"], "answer": label}
    if task == "wsc":
        span = {"span1_text": "窗户", "span2_text": "他", "span1_index": 0, "span2_index": 0}
        return {"text": text, "target": span, "label": label}
    if task == "csl":
        return {"abst": text, "keyword": ["电池", "屏幕"], "label": label}
    if task in ("ocnli", "bustm"):
        return {"sentence1": text, "sentence2": other, "label": label}
    name = "content" if task == "csldcp" else "sentence"
    more = {"label_des": label} if task == "iflytek" else {}
    return {name: text, "label": label, **more}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Public sets of a few rows each; eprstmt and chid have unlabelled texts, ocnli and eprstmt a test."""
    folder = tmp_path_factory.mktemp("data")
    for task, classes in CLASSES.items():
        splits = {"train_0": 6, "train_1": 6, "dev_0": 4, "dev_1": 4}
        splits |= {"unlabeled": 8} if task in ("eprstmt", "chid") else {}
        splits |= {"test_public": 5} if task in ("eprstmt", "ocnli") else {}
        for split, count in splits.items():
            rows = [row_of(task, number, label) for number, label in enumerate(islice(cycle(classes), count))]
            write(folder / FOLDER / TASKS[task].folder / f"{split}.jsonl.xz", rows)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Folder of a RoFormer of one layer whose vocabulary has the characters of all templates, words and texts."""
    folder = tmp_path_factory.mktemp("model")
    asked = [fewclue_tasks.cloze(task, [str(name) for name in names]) for task, names in CLASSES.items()]
    text = "".join(
        map(
            str,
            [
                *asked,
                *TEXTS,
                *NEWS.values(),
                *pet_sentiment_rows.TEMPLATES.values(),
                "“”指的是，。？！",
                "0123456789",
                PROBE,
            ],
        )
    )
    tokenizer = build_tokenizer(train_char_vocab([text], min_count=1, latin_pieces=0))
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.RoFormerConfig(
        vocab_size=len(tokenizer), embedding_size=16, max_position_embeddings=300, pad_token_id=0, **sizes
    )
    transformers.RoFormerForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def recipe(monkeypatch, capsys):
    """Run a recipe in this process as the command line would; what it prints."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(ROOT / "pipelines" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- parts -------------------------------------------------------------------------------------------------------------


def test_published_scores_are_the_means_that_the_paper_prints():
    printed = {
        **{"majority": 29.04, "fine-tuning RoBERTa": 44.10, "zero-shot RoBERTa": 44.60, "PET RoBERTa": 57.44},
        **{"LM-BFF RoBERTa": 56.32, "P-tuning RoBERTa": 59.91, "EFL RoBERTa": 55.91, "human": 82.50},
        **{"fine-tuning ERNIE 1.0": 48.34, "PET ERNIE 1.0": 56.39, "P-tuning ERNIE 1.0": 54.37},
        **{
            "PaddleNLP P-tuning + R-Drop": 56.37,
            "PaddleNLP EFL + R-Drop": 56.84,
            "PaddleNLP PET + R-Drop": 57.25,
        },
    }
    scores = {name: fewclue_published.score(row) for name, row in fewclue_published.PUBLISHED.items()}
    assert all(scores[name] == pytest.approx(value, abs=0.012) for name, value in printed.items())
    assert fewclue_published.PUBLISHED["P-tuning RoBERTa"]["csl"] == (62.9, 2.3)


def test_results_outlive_a_kill(tmp_path, capsys):
    path = tmp_path / "new" / "results.jsonl"
    results = few_shot_jobs.Results(path)
    made = []

    def make():
        made.append(1)
        return {"accuracy": 0.5}

    first = results.get({"task": "a", "fold": 0}, make)
    assert results.get({"fold": 0, "task": "a"}, make) == first and len(made) == 1
    with path.open("a") as file:
        file.write('{"key": {"task": "b"}, "accu')  # killed in the middle
    again = few_shot_jobs.Results(path)
    assert [line["key"] for line in again.lines] == [
        first["key"]
    ] and "was dropped" in capsys.readouterr().err
    again.get({"task": "b"}, make)
    assert [line["key"] for line in lines_of(path)] == [{"task": "a", "fold": 0}, {"task": "b"}]
    path.write_text("no json\n")
    with pytest.raises(SystemExit, match="line 1 is no result"):
        few_shot_jobs.Results(path)


def test_another_model_has_another_digest(model, tmp_path):
    assert (
        few_shot_jobs.digest(str(model))
        == few_shot_jobs.digest(str(model))
        != few_shot_jobs.digest("zhnlp-mlm-small")
    )


def test_a_classifier_of_texts_is_asked_for_every_candidate():
    split = Split([{"text_a": "甲", "text_b": "。"}] * 6, [0, 1] * 3, [["好", "坏"], ["坏", "好"]] * 3)
    assert few_shot_methods.filled(split)[:4] == ["甲好。", "甲坏。", "甲坏。", "甲好。"]
    classifier = few_shot_methods.bag_of_characters()
    few_shot_methods.labels(classifier, few_shot_methods.Job(split, [], split))
    assert few_shot_methods.answers(classifier, split) == [0, 1] * 3
    long = Split([{"text_a": "左" * 300 + "边", "text_b": "右" * 300}], [], [["字", "词"]])
    assert all(text[:89] == "左" * 89 and text[91:] == "右" * 90 for text in few_shot_methods.filled(long))


def test_what_a_classifier_was_told_identifies_it():
    asked = fewclue_tasks.cloze("bustm", ["0", "1"])
    found = {}
    for name, method in few_shot_methods.METHODS.items():
        classifier = method.make(asked, 32, "zhnlp-mlm-small", 0)
        found[name] = few_shot_methods.parameters_of(classifier)
        assert json.loads(json.dumps(found[name])) == found[name] and "model" not in found[name]
    assert found["pet"]["epochs"] == asked.pet_epochs and found["pet-r-drop"]["r_drop"] == 1.0
    assert found["p-tuning"]["template"] == asked.tuned != found["pet"]["template"]
    assert found["contrastive"]["pairs"] == 40 and found["zero-shot-raw"]["calibration"] == "none"
    changed = few_shot_methods.METHODS["pet"].make(dataclasses.replace(asked, pet_epochs=3), 32, "x", 0)
    assert few_shot_methods.parameters_of(changed) != found["pet"]


@pytest.mark.data
def test_label_words_of_all_classes_can_be_written_and_differ():
    from fewclue_sets import load, path_of

    from zhnlp.checkpoints.locate import locate
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer
    from zhnlp.tokenizers import load as load_tokenizer

    tokenizer = load_tokenizer(locate("zhnlp-mlm-small"))
    for task in TASKS:
        if path_of(task, "train_0") is None:
            pytest.skip("no FewCLUE here: set ZHNLP_DATA to the folder of the public sets")
        classes = [] if task == "chid" else sorted(set(load(task, "train_0").labels))
        asked = fewclue_tasks.cloze(task, classes)
        assert set(asked.labels) == set(asked.described) == set(classes)
        for words in (asked.labels, asked.described):
            if words:
                Verbalizer(words, tokenizer)
        templates = [asked.template, asked.tuned, asked.entailment]
        assert [Template(one).soft for one in templates] == [0, fewclue_tasks.SOFT, 0]
        assert [Template(one).has_label for one in templates] == [False, False, True]


# --- whole recipes -----------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:the masked-language-model head of .* looks random")
def test_fewclue_runs_every_task_and_method_and_goes_on(recipe, data, model, tmp_path):
    out = tmp_path / "fewclue.jsonl"
    common = ["--data", data, "--model", model, "--out", out, "--folds", 0, "--on", "test"]
    common += ["--work", tmp_path / "work"]
    some = ["--tasks", "eprstmt", "ocnli", "chid", "--methods", "bag-of-characters"]
    first = recipe("fewclue.py", *common, *some)
    kept = lines_of(out)
    assert [line["key"]["scored"] for line in kept] == ["test_public", "test_public", "dev_0"]
    assert "| accuracy, % | Score | eprstmt | csldcp (dev) |" in first and "chid (dev)" in first
    known = few_shot_methods.METHODS
    methods = [name for name in known if name != "contrastive" and not known[name].adapted]
    recipe("fewclue.py", *common, "--tasks", "bustm", "chid", "--methods", *methods)
    two = sum(not known[name].choices for name in methods)  # not for chid
    last = recipe("fewclue.py", *common, "--methods", "bag-of-characters", "zero-shot", "pet")
    assert lines_of(out)[:3] == kept and len(lines_of(out)) == 9 * 3 + 2 * (len(methods) - 3) - two
    assert all(0 <= line["accuracy"] <= 1 and line["commit"] for line in lines_of(out))
    row = next(line for line in last.splitlines() if line.startswith("| **pet** "))
    figures = [float(cell) for cell in row.split("|")[2:-1]]
    assert figures[0] == pytest.approx(sum(figures[1:]) / 9, abs=0.06)
    assert "| P-tuning RoBERTa | 59.91 | 88.3 ± 0.7 |" in last
    assert out.with_suffix(".md").read_text("utf-8") == last
    limited = ["--tasks", "eprstmt", "--methods", "zero-shot", "--on", "dev", "--limit", 2]
    dev = recipe("fewclue.py", *common, *limited)
    assert lines_of(out)[-1]["key"]["scored"] == "dev_0" and lines_of(out)[-1]["texts"] == 2
    assert "At most 2 texts scored" in dev
    lines = len(lines_of(out))
    adapted = [
        "--methods",
        "pet-adapted",
        "fine-tuning-adapted",
        "--tasks",
        "eprstmt",
        "ocnli",
    ]  # one has no raw texts
    recipe("fewclue.py", *common, *adapted)
    made = lines_of(out)[lines:]
    assert [line["key"]["task"] for line in made] == ["eprstmt"] * 2
    assert all(line["key"]["adapted"] == [6, 0.3] for line in made)
    assert [path.name[:7] for path in (tmp_path / "work").iterdir()] == ["eprstmt"]  # made once for both


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:the masked-language-model head of .* looks random")
def test_sentiment_runs_chooses_without_valid_and_goes_on(recipe, model, tmp_path, monkeypatch):
    import sentiment

    rows = [f"{TEXTS[number % 5]}{number % 7}\t{int(number % 5 != 1)}" for number in range(40)]
    sizes = (sum(row.endswith("1") for row in rows), sum(row.endswith("0") for row in rows))
    for split in sentiment.SIZES:  # those of the public set are checked
        write(tmp_path / sentiment.FOLDER / f"{split}.tsv.xz", rows)
        monkeypatch.setitem(sentiment.SIZES, split, sizes)
    out = tmp_path / "pet.jsonl"
    arguments = [
        "--data",
        tmp_path,
        "--model",
        model,
        "--out",
        out,
        "--work",
        tmp_path / "work",
        "--seeds",
        0,
    ]
    arguments += ["--templates", "P1", "summary", "--adapt-epochs", 1, "--labels", 10]
    recipe("pet_sentiment.py", *arguments)
    choices = {line["key"]["chosen_by"]: line for line in lines_of(out) if "chosen_by" in line["key"]}
    assert set(choices) == {"texts", "labels"} and set(choices["labels"]["accuracy"]) == {"P1", "summary"}
    valid = [line for line in lines_of(out) if "chosen_by" not in line["key"]]
    assert {line["key"]["scored"] for line in valid} == {"valid"}
    rows = pet_sentiment_rows.ROWS
    assert len(valid) == len(rows) + sum(bool(row.chosen) and row.everywhere for row in rows.values())
    printed = recipe("pet_sentiment.py", *arguments, "--test")
    assert lines_of(out)[: len(valid) + 2] == [*choices.values(), *valid]
    test = lines_of(out)[len(valid) + 2 :]
    assert sorted(line["key"]["row"] for line in test) == sorted(rows)
    for line in test:
        way = rows[line["key"]["row"]].chosen
        assert line["key"]["template"] == (choices[way]["template"] if way else "")
    assert "| RoBERTa, few labels | 89.18 |" in printed
    assert "| accuracy, % | template chosen by | template | valid | test |" in printed
    assert out.with_suffix(".md").read_text("utf-8") == printed


@pytest.mark.parametrize("name", ["fewclue.py", "pet_sentiment.py"])
def test_help_has_an_example_and_wrong_values_are_refused(name, recipe, capsys):
    with pytest.raises(SystemExit, match="0"):
        recipe(name, "--help")
    assert f"    python pipelines/{name} " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        recipe(name, "--limit", 0)
    assert "--limit got 0: expected 1 or more" in capsys.readouterr().err
