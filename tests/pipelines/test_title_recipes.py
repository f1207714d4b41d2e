"""The recipes of title generation on a random model and small sets of our own: run, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_title_recipes.py
"""

import json
import lzma
import runpy
import sys
from pathlib import Path

import pytest
from small_models import save_checkpoint

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import gap_sentences
import title_baselines
import title_sets  # which finds corpora/
import titles

from zhnlp.checkpoints.card import read_card
from zhnlp.seq2seq import TitleGenerator

ROOT = Path(__file__).parents[2]
WORDS = ["北京", "大学", "研究", "天气", "电网", "变压器", "断路", "检修"]


def article(number):
    """A text whose first sentence names two words, and the title made of them."""
    one, other = WORDS[number % 8], WORDS[(number // 8 + number + 1) % 8]
    text = (
        f"今天{one}{other}很好。{other}的气大，{one}今天好。北京天气很好，大学生研究电网。{'今天很好。' * 8}"
    )
    return text, f"{one}{other}"


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """News, CSL, statutes, IT articles and the pre-training text, a few rows of each."""
    folder = tmp_path_factory.mktemp("data")
    news = [
        {"date": f"2025-01-{1 + number:02}", "title": title, "content": text}
        for number, (text, title) in enumerate(map(article, range(24)))
    ]
    write(folder / "corpora/news.jsonl.xz", reversed(news))
    csl = [{"abstract": text, "title": title + "研究"} for text, title in map(article, range(8))]
    write(folder / "titles/csl/merged.dev.jsonl.xz", csl)
    law = [{"title": f"{article(n)[1]}检修条例"} for n in range(30)]
    it = [{"title": f"研究{article(n)[1]}"} for n in range(30)]
    write(folder / "corpora/law.jsonl.xz", law)
    write(folder / "corpora/it_lctt.jsonl.xz", it)
    passed = "2009年6月3日 北京人民代表大会通过"
    text = [f"{row['title']}\n{passed}\n{article(n)[0] * 2}\n" for n, row in enumerate(law)]
    text += [f"{row['title']}\n{article(n)[0] * 2}\n" for n, row in enumerate(it)]
    text += [f"{row['title']}\n{row['abstract'] * 2}\n" for row in csl]
    write(folder / "pretrain/open.txt.xz", text)
    write(
        folder / "pretrain/open_general.txt.xz",
        [f"{article(n)[1]}的研究\n{article(n)[0] * 2}\n" for n in range(30)],
    )
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
    monkeypatch.setattr(title_sets, "TEST", 6)
    monkeypatch.setattr(title_sets, "VALID", 4)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(ROOT / "pipelines" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- parts -----------------------------------------------------------------------------------------------------------


def test_news_are_split_by_date(data, monkeypatch):
    monkeypatch.setattr(title_sets, "TEST", 6)
    monkeypatch.setattr(title_sets, "VALID", 4)
    sets = title_sets.news(data)
    assert {name: len(pairs) for name, pairs in sets.items()} == {"train": 14, "valid": 4, "test": 6}
    assert sets["test"][-1] == article(23) and sets["train"][0] == article(0)


def test_titles_without_learning():
    text = "变压器要检修。检修变压器要断电。今天有雨。"
    assert title_baselines.lead(text) == "变压器要检修。"
    assert title_baselines.lead_cut(text, 3) == "变压器"
    assert title_baselines.text_rank(text) == "检修变压器要断电。"
    assert title_baselines.lead("") == "" and title_baselines.text_rank("电") == ""


def test_open_titles_are_of_three_kinds_and_of_no_test_set(data):
    found = list(titles.titled(data))
    assert {one.kind for one in found} == set(titles.KINDS)
    assert len({one.title for one in found}) == len(found)
    assert not any("通过" in one.text for one in found if one.kind == "law")
    abstracts = {row["title"] for row in title_sets.rows("titles/csl/merged.dev.jsonl.xz", data)}
    assert not abstracts & {one.title for one in found if one.kind != "manual"}
    assert all(one.held_out for one in found if one.unread)  # what nothing has read is among what is held out


@pytest.mark.parametrize(
    "text",
    ["", "一。二。", "电。" * 9, "没有句号" * 200],
    ids=["empty", "two sentences", "short ones", "one long sentence"],
)
def test_no_sentence_is_taken_out_where_none_can_be(text):
    assert gap_sentences.gap_pair(text) is None


def test_a_sentence_taken_out_is_not_in_the_rest():
    text = "".join(f"第{n}天变压器在{n}号线路检修，{n}。" for n in range(9))
    rest, sentence = gap_sentences.gap_pair(text)
    assert sentence not in rest and sentence in text and len(rest) + len(sentence) + 1 == len(text)


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_news_of_every_row_go_on_and_make_a_table(recipe, data, model, tmp_path):
    out = tmp_path / "news.jsonl"
    arguments = ["--data", data, "--model", model, "--out", out, "--work", tmp_path / "work", "--epochs", 1]
    arguments += ["--max-source", 24, "--max-target", 6, "--beams", 1, 2]
    printed = recipe("titles_news.py", *arguments)
    found = lines_of(out)
    assert [line["key"]["row"] for line in found] == [
        *("lead", "lead-cut", "text-rank"),
        *("unilm", "unilm", "unilm-random", "unilm-random", "lstm", "lstm"),
    ]
    assert all(line["texts"] == 6 and 0 <= line["rouge_l"] <= 1 for line in found)
    assert printed.count("\n| ") == 1 + 9 and "| lead-cut | – |" in printed
    before = out.read_bytes()
    assert recipe("titles_news.py", *arguments) == printed
    assert out.read_bytes() == before


@pytest.mark.long
def test_exposure_bias_trains_every_method_and_draws_the_curse(recipe, data, model, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "bias.jsonl"
    arguments = ["--data", data, "--model", model, "--out", out, "--work", tmp_path / "work", "--epochs", 1]
    arguments += ["--max-source", 24, "--max-target", 6, "--beams", 1, "--seeds", 0, 1, "--train", 8]
    printed = recipe("exposure_bias.py", *arguments, "--curse")
    assert len(lines_of(out)) == 14
    assert printed.count(" ± ") == 7 * 4 + 1  # and in the line below
    assert out.with_suffix(".png").stat().st_size > 5000


def test_titles_of_abstracts_without_training_and_from_few(recipe, data, model, tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    pairs = title_sets.csl(data)
    TitleGenerator(model, max_source=24, max_target=6, progress=False).fit(pairs, valid=False, epochs=1).save(
        shipped
    )
    arguments = [
        "--data",
        data,
        "--model",
        shipped,
        "--out",
        tmp_path / "csl.jsonl",
        "--work",
        tmp_path / "work",
    ]
    rows = [
        "--rows",
        "lead",
        "shipped",
        "shipped, fitted",
        "--shots",
        2,
        "--seeds",
        0,
        1,
        "--steps",
        2,
        "--beams",
        1,
    ]
    printed = recipe("titles_csl.py", *arguments, *rows)
    assert "| shipped | 0 | 1 |" in printed and "| shipped, fitted | 2 | 1 |" in printed
    found = lines_of(tmp_path / "csl.jsonl")
    assert [line["texts"] for line in found] == [8, 8, 4, 4]


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
        "--gaps",
        8,
        "--limit",
        12,
    ]
    monkeys = pytest.MonkeyPatch()
    import train_title

    monkeys.setattr(train_title, "CHOOSE", 3)
    monkeys.setattr(
        sys, "argv", ["train_title.py", *map(str, [*arguments, "--max-source", 24, "--max-target", 6])]
    )
    with monkeys.context():
        train_title.main()
    monkeys.undo()
    folder = tmp_path / "zhnlp-title-small"
    assert {path.name for path in folder.iterdir()} >= {"model.int8.safetensors", "titles.json", "README.md"}
    fields = read_card(folder).fields
    assert fields["pairs"] == 12 and fields["gaps"] == 8 and 0 <= fields["scores"]["rouge_l_all"] <= 100
    assert isinstance(TitleGenerator(folder).generate(article(3)[0])["title"], str)


@pytest.mark.parametrize("name", ["titles_news.py", "exposure_bias.py", "titles_csl.py", "train_title.py"])
def test_help_has_an_example_and_wrong_values_are_refused(name, recipe, capsys):
    with pytest.raises(SystemExit, match="0"):
        recipe(name, "--help")
    assert f"    python pipelines/{name} " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        recipe(name, "--limit", 0, "--out", "/tmp/x")
    assert "argument --limit: got 0: expected a whole number, 1 or more" in capsys.readouterr().err
