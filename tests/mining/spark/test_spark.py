"""The engine on ``local[2]``: the table of one machine, row for row, whatever is read."""

import gzip
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from zhnlp.mining.discoverer import WordDiscoverer
from zhnlp.mining.terms.miner import DomainTermMiner
from zhnlp.text import Corpus, CorpusWarning

COLUMNS = (
    *("symbol", "count", "first_child", "children", "left_entropy", "right_entropy"),
    *("parent", "suffix", "depth", "pmi"),
)
ROOT = Path(__file__).resolve().parents[3]
WORDS = [
    "变压器",
    "主变压器",
    "断路器",
    "绝缘子",
    "电网公司",
    "深度学习",
    "GPT-4o",
    "5G基站",
    "的",
    "了",
    "和",
    "运行",
    "检修",
]
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


def sentences(seed, number):
    """Lines of words drawn at random, with marks between."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(WORDS), (number, 8))
    rare = rng.integers(0x4E00, 0x4E80, (number, 3))
    return [
        "".join(WORDS[i] for i in row[:5]) + "，" + "".join(map(chr, r)) + "".join(WORDS[i] for i in row[5:])
        for row, r in zip(chosen.tolist(), rare.tolist())
    ]


def both(spark, source, reading=None, local_source=None, **options):
    """The discoverer and the table, of one machine and of Spark."""
    reading = reading or {}
    found = []
    for engine, given in ("local", local_source or source), ("spark", source):
        session = spark if engine == "spark" else None
        discoverer = WordDiscoverer(engine=engine, spark=session, progress=False, threads=1, **options)
        found.append((discoverer, discoverer.fit(given, **reading).freeze()))
    return found


def assert_same(local, spark):
    (one, expected), (other, table) = local, spark
    for column in COLUMNS:
        assert getattr(one.trie, column).tobytes() == getattr(other.trie, column).tobytes(), column
    assert len(expected) > 20
    assert list(table) == list(expected)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Text in several files: one in many pieces, one packed, one below, one in GB18030, one with broken bytes."""
    folder = tmp_path_factory.mktemp("texts")
    lines = sentences(1, 3000)
    lines[100:100] = ["", "  ", "\u3000"]
    (folder / "b-large.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "b").mkdir()
    (folder / "b" / "packed.txt.gz").write_bytes(gzip.compress("\r\n".join(sentences(2, 200)).encode()))
    last = [line.replace("断路器", "柴油机") for line in sentences(3, 50)]  # met in the last file only
    (folder / "old.txt").write_bytes("\n".join(last).encode("gb18030"))
    (folder / "a broken.txt").write_bytes(b"\xef\xbb\xbf" + "变压器\n".encode() + b"\xe5\x8f\nabc\xff\n")
    (folder / "notes.md").write_text("不读", encoding="utf-8")
    return folder


def test_files_of_many_kinds_give_the_same_table_report_and_segmenter(spark, folder):
    with pytest.warns(CorpusWarning, match="GB18030"):
        local, cluster = both(spark, folder, min_count=3)
    assert_same(local, cluster)
    last = next(row["example"] for row in cluster[1] if row["word"] == "柴油机")
    assert last["document"] > 3200 and "柴油机" in last["text"]
    one, other = local[0].corpus_report(), cluster[0].corpus_report()
    for name in ("files", "documents", "characters", "repaired_lines", "split_lines", "duplicates"):
        assert one[name] == other[name], name
    assert one["skipped"] == other["skipped"]
    assert list(one["encodings"].values()) == list(other["encodings"].values()) == ["gb18030"]
    np.testing.assert_array_equal(local[0].unit_counts(), cluster[0].unit_counts())
    assert cluster[0].apply("主变压器检修深度学习") == local[0].apply("主变压器检修深度学习")
    assert cluster[0].symbols.documents == local[0].symbols.documents == local[0].symbols.starts.size


def test_buckets_too_small_for_a_pair(spark, folder, monkeypatch):
    from zhnlp.mining.spark import counting

    monkeypatch.setattr(counting, "_LEAST_BUCKET", 1 << 30)
    spark.conf.set("spark.zhnlp.bucket", 400)
    try:
        twice = [folder / "b-large.txt", folder / "b" / "packed.txt.gz", folder / "b-large.txt"]
        assert_same(*both(spark, twice, min_count=4, max_length=6))
    finally:
        spark.conf.unset("spark.zhnlp.bucket")


def test_json_lines_and_parquet_as_two_parts(spark, tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = [{"id": i, "content": text} for i, text in enumerate(sentences(4, 300))]
    lines = [json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(rows)]
    lines[5:5] = ["{broken", "", '{"id": 3}', '"a line by itself"']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    texts = [{"text": {"body": text}} for text in sentences(5, 300)] + [
        {"text": None},
        {"text": {"body": " "}},
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(texts), tmp_path / "b.parquet", row_group_size=50)
    tables = []
    for engine in "local", "spark":
        session = spark if engine == "spark" else None
        found = WordDiscoverer(min_count=3, engine=engine, spark=session, examples=False, progress=False)
        found.fit(tmp_path / "a.jsonl", text_field="content")
        tables.append((found, found.partial_fit(tmp_path / "b.parquet", text_field="text.body").freeze()))
    assert_same(*tables)
    for one, other in zip(*(found.corpus_report()["parts"] for found, _ in tables)):
        for name in ("files", "documents", "characters", "skipped"):
            assert one[name] == other[name], name


def test_a_frame(spark):
    texts = sentences(6, 300)
    frame = spark.createDataFrame([(text, i) for i, text in enumerate(texts)], ["text", "id"])
    assert_same(*both(spark, frame, local_source=Corpus.from_texts(texts), min_count=3))


def test_domain_terms(spark, tmp_path):
    """The miner goes through the same engine, and so do the pairs that word vectors are made of."""
    spelt = ["主變壓器接入５Ｇ基站。", "主變壓器，5G基站，5g基站。"] * 9
    (tmp_path / "domain.txt").write_text("\n".join(sentences(8, 400) + spelt), encoding="utf-8")
    plain = [line.replace("变压器", "天气").replace("断路器", "晚饭") for line in sentences(9, 400)]
    (tmp_path / "general.txt").write_text("\n".join(plain), encoding="utf-8")
    tables = []
    for engine in "local", "spark":
        session = spark if engine == "spark" else None
        given = {"engine": engine, "spark": session, "vectors": True, "progress": False, "threads": 1}
        miner = DomainTermMiner(tmp_path / "general.txt", **given)
        tables.append(miner.fit(tmp_path / "domain.txt").freeze())
    variants = {row["term"]: row["variants"] for row in tables[0]}
    assert variants["主变压器"] == ["主變壓器"] and variants["5G基站"] == ["5g基站", "５Ｇ基站"]
    assert list(tables[1]) == list(tables[0])
    assert any(row["cluster"] is not None for row in tables[0])


def test_the_script(spark, tmp_path, capsys):
    path = ROOT / "pipelines" / "mine_on_spark.py"
    spec = importlib.util.spec_from_file_location("mine_on_spark", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "a.txt").write_text("\n".join(sentences(7, 200)), encoding="utf-8")
    out = tmp_path / "words.csv"
    assert script.main([str(tmp_path / "a.txt"), "--out", str(out), "--no-examples", "--min-count", "3"]) == 0
    assert "变压器" in out.read_text(encoding="utf-8-sig")
    assert script.main([str(tmp_path / "missing.txt"), "--out", str(out)]) == 2
    assert "no such path" in capsys.readouterr().err
    assert script.main([str(tmp_path), "--out", "words.xyz"]) == 2


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (["电网", 3], {}, "expected on Spark a path"),
        ("x.txt", {"unit": "file"}, "a document of text is a line"),
        ("x.txt", {"duplicates": "exact"}, "dropDuplicates"),
        ("x.txt", {"encoding": "utf-16"}, "convert to utf-8"),
        ("x.txt", {"format": "html"}, "expected one of 'text'"),
        ([], {}, "no paths given"),
    ],
)
def test_what_spark_cannot_read_is_refused(spark, source, options, message):
    with pytest.raises((TypeError, ValueError, OSError), match=message):
        WordDiscoverer(engine="spark", spark=spark).fit(source, **options)


@pytest.mark.parametrize(
    ("name", "message"), [("a.csv", "multiLine"), ("a.txt.xz", "pack it"), ("a.md", "say what")]
)
def test_files_spark_cannot_read_are_refused(spark, tmp_path, name, message):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        WordDiscoverer(engine="spark", spark=spark).fit(tmp_path)


def test_an_empty_corpus_says_so(spark, tmp_path):
    (tmp_path / "a.txt").write_text("\n \n", encoding="utf-8")
    found = WordDiscoverer(engine="spark", spark=spark, progress=False).fit(tmp_path)
    with pytest.warns(UserWarning) as told:
        assert found.freeze() == []
    assert {"gave no document", "no word was found"} <= {
        part
        for record in told
        for part in ("gave no document", "no word was found")
        if part in str(record.message)
    }


def test_what_belongs_to_the_other_engine_is_refused():
    with pytest.raises(ValueError, match="expected one of 'local', 'spark'"):
        WordDiscoverer(engine="ray")
    with pytest.raises(ValueError, match='engine="spark" too'):
        WordDiscoverer(spark=object())
    with pytest.raises(ValueError, match="out of core on one machine"):
        WordDiscoverer(engine="spark", spark=object(), memory="2GB")


def test_without_pyspark_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ImportError, match=r"zhnlp\[spark\]"):
        WordDiscoverer(engine="spark")
