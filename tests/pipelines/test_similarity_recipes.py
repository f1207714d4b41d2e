"""The recipes of sentence similarity on random models and small sets of our own: run, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_similarity_recipes.py
"""

import json
import lzma
import runpy
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_models import save_checkpoint

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import lexical_pairs
import paraphrase_groups
import sentence_sets  # which finds corpora/
import sts_baselines

from zhnlp.checkpoints.card import read_card
from zhnlp.metrics import evaluate_retrieval
from zhnlp.similarity import SentenceEncoder, load_encoder

ROOT = Path(__file__).parents[2]
WORDS = ["北京", "大学", "研究", "天气", "电网", "变压器", "断路", "检修"]
ASKED = [f"{one}{other}" for one in WORDS for other in WORDS if one != other]  # 56 subjects


def same(number):
    """Two questions about one subject."""
    return f"{ASKED[number]}好不好", f"{ASKED[number]}怎么样？"


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def labelled(begin, end, grades=2):
    """Pairs of one subject and of two, with labels."""
    rows = []
    for number in range(begin, end):
        first, second = same(number)
        other = same((number + 1) % len(ASKED))[1]
        rows += [
            {"sentence1": first, "sentence2": second, "label": grades - 1},
            {"sentence1": first, "sentence2": other, "label": number % (grades - 1)},
        ]
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The public sets of similarity, CMRC and the pre-training text, a few rows of each."""
    folder = tmp_path_factory.mktemp("data")
    near = folder / "similarity"
    write(near / "afqmc/train.jsonl.xz", labelled(0, 20))
    write(near / "afqmc/dev.jsonl.xz", labelled(50, 56))
    write(near / "pawsx/dev.jsonl.xz", labelled(44, 50))
    write(near / "pawsx/test.jsonl.xz", labelled(46, 52))
    pairs = [{**row, "label": str(row["label"])} for row in labelled(20, 32)]
    write(near / "simclue/train_pair_1w.jsonl.xz", pairs)
    triples = []
    for number in range(32, 40):
        (first, second), wrong = same(number), same(number + 1)[0]
        both = (wrong, second) if number % 2 else (second, wrong)
        triples.append(
            {"sentence_0": first, "sentence_1": both[0], "sentence_2": both[1], "label": 1 + number % 2}
        )
    write(near / "simclue/triclue_small_train.jsonl.xz", triples)
    for name, (begin, end) in {"train": (20, 44), "dev": (44, 50), "test": (48, 54)}.items():
        write(near / f"stsb/{name}.jsonl.xz", labelled(begin, end, grades=6))
    text = []
    for number in range(60):
        one, other, last = (WORDS[(number * step) % 8] for step in (1, 3, 5))
        text += [
            f"{one}{other}的检修",
            f"今天{one}的{other}很好。{last}的天气研究{number}次。{one}大学的天气不错。",
            "",
        ]
    write(folder / "pretrain/open.txt.xz", [*text, "北京大学检修条例", "今天大学很好。" * 20, ""])
    write(folder / "pretrain/open_general.txt.xz", [*text[:90], same(50)[0] + "。今天天气真的很好。", ""])
    write(folder / "corpora/law.jsonl.xz", [{"title": "北京大学检修条例"}])
    write(folder / "corpora/it_lctt.jsonl.xz", [{"title": "研究"}])
    context = "变压器在北京研究。检修在大学的天气里。"
    cmrc = {
        "id": "1",
        "context": context,
        "question": "变压器在哪里研究？",
        "answers": [{"text": "北京", "answer_start": 4}],
    }
    write(folder / "reading/cmrc2018/train.jsonl.xz", [cmrc])
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A masked model of random weights."""
    folder = tmp_path_factory.mktemp("model")
    save_checkpoint(folder, "roformer")
    return folder


@pytest.fixture
def recipe(monkeypatch, capsys):
    """Run a recipe in this process as the command line would; what it prints."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runpy.run_path(str(ROOT / "pipelines" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- parts -----------------------------------------------------------------------------------------------------------


def test_groups_are_joined_from_every_file_and_hold_no_text_of_a_test(data):
    groups = paraphrase_groups.joined(data)
    assert (
        len(groups) == 78 and len(set(groups.labels)) == 39
    )  # 20 of AFQMC, 12 of pairs, 8 of triples, two texts each
    assert not set(same(0)) & set(groups.columns[0])  # a text of AFQMC dev
    named = dict(zip(groups.columns[0], groups.labels))
    assert all(named[same(n)[0]] == named[same(n)[1]] for n in (1, 25, 33, 34))
    parts = paraphrase_groups.split(groups)
    texts = [set(map(sentence_sets.plain, part.columns[0])) for part in parts.values()]
    assert list(parts) == ["train", "choose", "test"] and sum(map(len, texts)) == 78
    assert not (texts[0] & texts[2] or texts[0] & texts[1] or texts[1] & texts[2])
    assert len(set(parts["test"].labels)) == 8


def test_bm25_by_hand_and_sparse_search_as_dense():
    texts = ["甲乙", "甲丙", "丁丁乙"]
    asked, answers = paraphrase_groups.bm25(texts)
    scores = (asked @ answers.T).toarray()
    norm = 1.5 * (0.25 + 0.75 * 2 / (7 / 3))  # of a text of two characters
    expected = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5)) * 2.5 / (1 + norm)  # 甲 stands in two of three
    assert scores[0, 1] == pytest.approx(expected, rel=1e-5)
    vectors = paraphrase_groups.tf_idf([*texts, "甲乙丙"])[0]
    groups = [0, 1, 1, 0]
    dense = evaluate_retrieval(vectors.toarray(), groups)
    sparse = paraphrase_groups.evaluate_sparse(vectors, vectors, groups, block=3)
    assert {name: dense[name] for name in sparse} == sparse


def test_sentences_of_tests_are_kept_out(data):
    out = sentence_sets.kept_out(data)
    assert sentence_sets.plain(same(50)[0]) in out and sentence_sets.plain(same(0)[0]) not in out
    assert sentence_sets.sentences(f"{same(50)[0]}。今天天气真的很好。甲。", out) == [
        None,
        "今天天气真的很好。",
        None,
    ]
    texts, neighbours = sentence_sets.open_sentences(data, 60, out)
    assert len(set(texts)) == len(texts) == 60 and neighbours
    assert not {sentence_sets.plain(text) for text in texts} & out
    assert (texts, neighbours) == sentence_sets.open_sentences(data, 60, out)
    assert sentence_sets.question_pairs(data, out) == [("变压器在哪里研究？", "变压器在北京研究。")]
    assert all(title != sentence for title, sentence in sentence_sets.title_pairs(data, out))


def test_lexical_pairs_are_graded_by_what_they_share():
    texts = [text for number in range(56) for text in same(number)]
    graded = lexical_pairs.graded_pairs(texts, [("北京天气", "断路检修"), ("北京天气", "北京天气好")], 40)
    assert len(graded) == 82 and all(-0.2 <= grade <= 1 for grade in graded.labels)
    grade = dict(zip(zip(*graded.columns), graded.labels))
    assert grade["北京天气", "北京天气好"] > 0.5 > grade["北京天气", "断路检修"]
    again = lexical_pairs.graded_pairs(texts, [("北京天气", "断路检修"), ("北京天气", "北京天气好")], 40)
    assert again == graded


def test_scorers_without_an_encoder():
    texts = [text for number in range(56) for text in same(number)]
    train = texts * 6
    scorers = [sts_baselines.characters(train), sts_baselines.tf_idf(train), sts_baselines.n_grams(train)]
    scorers += [sts_baselines.mean_words(train, dimensions=16)]
    for scorer in scorers:
        right, wrong = scorer([texts[0]] * 2, [texts[1], "明日有雨"])
        assert right > wrong
    assert scorers[0](["甲乙乙"], ["甲"])[0] == pytest.approx(1 / 5**0.5)


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_groups_of_every_row_go_on_and_make_a_table(recipe, data, tmp_path):
    out = tmp_path / "groups.jsonl"
    rows = ["bm25", "tf-idf", "softmax", "am-softmax", "5743-arcface"]
    arguments = ["--data", data, "--out", out, "--work", tmp_path / "work", "--rows", *rows]
    arguments += ["--epochs", 2, "--post-epochs", 1, "--seeds", 0, 1, "--size", 8]
    printed = recipe("am_softmax_groups.py", *arguments)
    found = lines_of(out)
    assert [line["key"]["row"] for line in found] == [*rows[:2], *(row for row in rows[2:] for _ in range(2))]
    assert all(line["queries"] == 16 and 0 <= line["hit@1"] <= line["hit@10"] <= 1 for line in found)
    assert printed.count("\n| ") == 1 + 5 and printed.count(" ± ") == 3 * 4 + 1
    before = out.read_bytes()
    assert recipe("am_softmax_groups.py", *arguments) == printed
    assert out.read_bytes() == before


def test_the_table_of_sets_scores_counts_models_and_what_is_fitted(recipe, data, model, tmp_path):
    out = tmp_path / "sts.jsonl"
    arguments = ["--data", data, "--models", model, "--out", out, "--work", tmp_path / "work", "--epochs", 1]
    arguments += [
        "--max-length",
        16,
        "--components",
        8,
        "--texts",
        200,
        "--fit",
        "cosent",
        "sbert",
        "--seeds",
        0,
        1,
    ]
    printed = recipe("sts_table.py", *arguments)
    found = lines_of(out)
    assert len(found) == 5 + 2 + 4
    assert all(-1 <= line["stsb test"] <= 1 and 0 <= line["pawsx test, accuracy"] <= 1 for line in found)
    assert printed.count("\n| ") == 1 + 5 + 2 + 2
    before = out.read_bytes()
    assert recipe("sts_table.py", *arguments) == printed
    assert out.read_bytes() == before


def test_the_shipped_recipe_ends_with_a_model_and_its_card(recipe, data, model, tmp_path):
    arguments = [
        "--data",
        data,
        "--model",
        model,
        "--out",
        tmp_path,
        "--epochs",
        1,
        "--limit",
        60,
        "--texts",
        60,
    ]
    arguments += ["--components", 8, "--max-length", 24, "--layers", 2]
    printed = recipe("train_sentence.py", *arguments)
    folder = tmp_path / "zhnlp-sentence-small"
    assert {path.name for path in folder.iterdir()} >= {"model.int8.safetensors", "modules.json", "README.md"}
    fields = read_card(folder).fields
    said = json.loads(printed.splitlines()[-2])
    assert list(said["trail"]) == ["begin", "whiten", "lexical", "pairs", "texts"]
    assert fields["scores"]["spearman_stsb_dev"] == pytest.approx(said["scores"]["stsb_dev"], abs=1e-4)
    encoder = SentenceEncoder(folder)
    assert encoder.encode(same(0)[0]).shape == (encoder.size,)
    assert recipe("train_sentence.py", *arguments).splitlines()[-2] == printed.splitlines()[-2]


def test_the_shipped_characters_are_the_best_of_the_settings(recipe, data, tmp_path):
    printed = recipe("character_vectors.py", "--data", data, "--out", tmp_path, "--texts", 60)
    folder = tmp_path / "zhnlp-sentence-small"
    figures = [float(line.split("|")[2]) for line in printed.splitlines()[2:8]]
    scores = read_card(folder).fields["scores"]
    assert scores["spearman_stsb_dev"] == pytest.approx(max(figures), abs=1e-4)
    first, second = same(0)
    query, near, far = load_encoder(folder).encode([first, second, "明日有雨"], normalize=True)
    assert query @ near > query @ far


@pytest.mark.parametrize("name", ["am_softmax_groups.py", "sts_table.py", "train_sentence.py"])
def test_help_has_an_example_and_wrong_values_are_refused(name, recipe, capsys):
    with pytest.raises(SystemExit, match="0"):
        recipe(name, "--help")
    assert f"    python pipelines/{name} " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        recipe(name, "--limit", 0, "--out", "/tmp/x")
    assert "argument --limit: got 0: expected a whole number, 1 or more" in capsys.readouterr().err
