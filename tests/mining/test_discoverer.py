"""WordDiscoverer end to end: tables, states, contexts, entropy."""

import json
import math
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp import Corpus, WordDiscoverer, pipeline
from zhnlp.mining.entropy import Information, merge_gain
from zhnlp.mining.table import COLUMNS, WordTable

FOLDER = Path(__file__).parents[2] / "corpora/power_grid"
CORPUS = sorted(FOLDER.glob("[0-9]*.txt"))
LINES = [line for path in CORPUS for line in path.read_text("utf-8").splitlines() if line.strip()]


def plain(table):
    """The rows without what depends on the place of documents."""
    return [{key: value for key, value in row.items() if key != "example"} for row in table]


@pytest.fixture(scope="module")
def fitted():
    discoverer = WordDiscoverer(progress=False).fit(CORPUS)
    return discoverer, discoverer.freeze()


def test_table_is_ranked_and_complete(fitted):
    _, table = fitted
    assert table.table.column_names == list(COLUMNS)
    assert [row["score"] for row in table] == sorted((row["score"] for row in table), reverse=True)
    text = "\n".join(LINES)
    for row in table[:200]:
        if (
            row["word"][0] > "\u2e80"
            and row["word"][-1] > "\u2e80"
            and len(set(row["word"])) == len(row["word"])
        ):
            assert row["count"] == text.count(row["word"]), row["word"]
            assert row["document_count"] == sum(row["word"] in line for line in LINES)


def test_mixed_terms_are_found_whole(fitted):
    _, table = fitted
    words = set(table.words)
    assert {"V2G", "IGBT", "PMU", "5G基站", "IGBT模块"} <= words
    assert not words & {"G基站", "GBT模块", "0kV"}


def test_examples_are_cut_from_the_source(fitted):
    _, table = fitted
    documents = list(Corpus.from_paths(CORPUS))
    for row in table:
        example = row["example"]
        assert example["text"][example["start"] : example["end"]] == row["word"]
        assert documents[example["document"]][example["offset"] :].startswith(row["word"])


def test_known_words_are_marked_and_can_be_left_out(fitted):
    _, table = fitted
    assert {row["known"] for row in table} == {True, False}
    new = WordDiscoverer(new_only=True, progress=False).fit(CORPUS).freeze()
    assert new.words == [row["word"] for row in table if not row["known"]]
    listed = WordDiscoverer(reference=["故障"], progress=False).fit(CORPUS).freeze()
    assert [row["word"] for row in listed if row["known"]] == ["故障"]


def test_partial_fits_equal_one_fit():
    parts = WordDiscoverer(progress=False)
    for at in range(0, len(LINES), 40):
        parts.partial_fit(LINES[at : at + 40])
        if at == 40:
            parts.freeze(keep=True)
    assert plain(parts.freeze()) == plain(WordDiscoverer(progress=False).fit(LINES).freeze())


def test_order_of_documents_and_threads_do_not_matter():
    table = plain(WordDiscoverer(threads=1, progress=False).fit(LINES).freeze())
    assert plain(WordDiscoverer(threads=3, progress=False).fit(LINES[::-1]).freeze()) == table


def test_states_are_told_apart():
    discoverer = WordDiscoverer(progress=False)
    with pytest.raises(RuntimeError, match="nothing was learnt yet"):
        discoverer.freeze()
    with pytest.raises(RuntimeError, match="nothing is frozen yet"):
        discoverer.apply("电网")
    discoverer.fit(LINES).freeze()
    with pytest.raises(RuntimeError, match="this WordDiscoverer is frozen"):
        discoverer.partial_fit(LINES)
    discoverer.fit(LINES)  # begins anew


def test_a_kept_discoverer_still_answers_and_grows():
    discoverer = WordDiscoverer(progress=False).fit(LINES[:60])
    first = discoverer.freeze(keep=True)
    assert discoverer.settings()["symbols"] == discoverer.symbols.total
    assert discoverer.apply(LINES[0])
    assert plain(discoverer.freeze(keep=True)) == plain(first)
    more = discoverer.partial_fit(LINES[60:]).freeze()
    assert plain(more) == plain(WordDiscoverer(progress=False).fit(LINES).freeze())


def test_a_ceiling_counts_on_disk_and_gives_the_same_table(tmp_path):
    import lzma

    packed = tmp_path / "grid.txt.xz"
    packed.write_bytes(lzma.compress("\n".join(LINES).encode()))
    table = WordDiscoverer(progress=False).fit(LINES).freeze()
    discoverer = WordDiscoverer(progress=False, threads=1, memory="300MB").fit(packed)
    assert plain(discoverer.freeze()) == plain(table)
    with pytest.raises(RuntimeError, match="counted out of core, which cannot grow"):
        discoverer.freeze(keep=True)
    streamed = WordDiscoverer(progress=False, threads=1, memory="300MB").fit(iter(LINES))
    assert plain(streamed.freeze()) == plain(table)


def test_long_sentences_are_texts():
    long = "".join(line for line in LINES if len(line) > 20)[:120]
    assert pipeline("new-words", progress=False)([long, *LINES]).words


def test_apply_segments_with_what_was_mined(fitted):
    discoverer, _ = fitted
    words = discoverer.apply("变压器发生故障，继电保护动作。")
    assert "".join(words) == "变压器发生故障，继电保护动作。"
    assert {"变压器", "故障"} <= set(words)


def test_bits_per_character_equal_a_direct_count():
    texts = ["".join(c for c in line if "\u4e00" <= c <= "\u9fff") for line in LINES]
    discoverer = WordDiscoverer(progress=False).fit(texts)
    discoverer.freeze()
    report = discoverer.entropy_report()
    counts = Counter("".join(texts))
    total = sum(counts.values())
    true = sum(n / total * math.log2(total / n) for n in counts.values())
    assert report.characters.bits_per_character == pytest.approx(true, abs=1e-9)
    assert report.words.bits_per_character < true
    assert report.words.units * report.words.length == pytest.approx(total)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=4, max_size=60), st.sampled_from([(0, 1), (2, 3), (4, 5), (0, 1, 2)])
)
def test_a_merge_changes_the_information_by_exactly_the_gain(units, parts):
    k = len(parts)
    merged, i, joint = [], 0, 0
    while i < len(units):
        if tuple(units[i : i + k]) == parts:
            merged.append(parts)
            joint += 1
            i += k
        else:
            merged.append((units[i],))
            i += 1
    if joint == 0:
        return
    before = Counter((u,) for u in units)
    after = Counter(merged)

    def nats(counter):
        information = Information.of(list(counter.values()), [len(u) for u in counter])
        return information.bits_per_character * math.log(2), information.length

    (old, length), (new, _) = nats(before), nats(after)
    gain = float(merge_gain(joint, [before[(p,)] for p in parts], len(units)))
    assert new - old == pytest.approx(-gain / length, abs=1e-9)
    assert (
        float(merge_gain(joint, [before[(p,)] for p in parts], len(units), first_order=True)) <= gain + 1e-12
    )


def test_an_empty_table_says_why():
    with pytest.warns(UserWarning, match="no word was found among 2 symbols .* lower min_count"):
        table = WordDiscoverer(progress=False).fit(["电网"]).freeze()
    assert table == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert WordDiscoverer(progress=False).fit([]).freeze() == []


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".dict", ".txt"])
def test_saved_tables_read_back(fitted, tmp_path, suffix):
    from zhnlp.mining.reference import read_ranked

    _, table = fitted
    path = table.save(tmp_path / f"deep/words{suffix}")
    assert read_ranked(path) == table.words


@pytest.mark.parametrize(("format", "first"), [("hanlp", "故障 nz 64"), ("ik", "故障"), ("jieba", "故障 64")])
def test_tables_are_saved_for_other_programs(fitted, tmp_path, format, first):
    path = fitted[1].save(tmp_path / "words.any", format=format)
    assert path.read_text("utf-8").splitlines()[0] == first


def test_a_saved_tokenizer_knows_the_words(fitted, tmp_path):
    from tokenizers import Tokenizer

    fitted[1].save(tmp_path / "model", format="tokenizer")
    encoding = Tokenizer.from_file(str(tmp_path / "model/tokenizer.json")).encode("变压器故障")
    assert ["变压器故障"[a:b] for a, b in encoding.offsets] == ["变压器", "故障"]
    with pytest.raises(ValueError, match="format='lucene' is not known"):
        fitted[1].save(tmp_path / "x", format="lucene")


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"ends in '\.xls': expected one of \.csv, \.tsv, \.jsonl, \.parquet, \.dict, \.txt"
    ):
        WordTable([{"word": "电网"}]).save(tmp_path / "words.xls")


def test_rows_are_plain_json(fitted):
    _, table = fitted
    assert json.loads(json.dumps(table, ensure_ascii=False)) == list(table)
    assert json.dumps(table.settings) and json.dumps(table.corpus)


def test_iterators_are_mined_once_and_without_examples():
    table = WordDiscoverer(progress=False).fit(iter(LINES)).freeze()
    assert table.words == WordDiscoverer(progress=False).fit(LINES).freeze().words
    assert all(row["example"] is None for row in table)


def test_pipeline_takes_texts_paths_and_a_corpus():
    words = pipeline("new-words", progress=False)(CORPUS).words
    assert pipeline("new-words", progress=False)(paths=str(FOLDER / "[0-9]*.txt")).words == words
    assert pipeline("new-words", progress=False)(Corpus.from_paths(CORPUS)).words == words
    assert pipeline("new-words", progress=False)([str(path) for path in CORPUS]).words == words
    with pytest.raises(TypeError, match="both or neither"):
        pipeline("new-words")()


def test_peers_silent_failures_are_not_ours():
    """Empty without a warning, unsorted, mixed terms lost, a generator read by character, words of 6 and more."""
    rng = np.random.default_rng(0)
    fillers = [chr(p) for p in range(0x4E00, 0x4E00 + 400)]

    def line(word):
        pick = rng.choice(fillers, 6)
        return "".join(pick[:3]) + word + "".join(pick[3:])

    texts = [line(word) for word in ("5G基站", "超高压变电站", "变压器") for _ in range(300)]
    table = pipeline("new-words", progress=False)(text for text in texts)
    assert set(table.words[:3]) == {"5G基站", "超高压变电站", "变压器"}
    assert [row["count"] for row in table[:3]] == [300, 300, 300]
    separated = pipeline("new-words", progress=False)(["变压 器检修、正常"] * 20)
    assert not {"变压器", "检修正常"} & set(separated.words)
