"""`pipeline(task)`: names, what a call returns, what `import zhnlp` costs, and mining without numba.

Run: pytest tests/tasks
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import zhnlp
from zhnlp import Corpus, pipeline
from zhnlp.mining.table import WordTable
from zhnlp.tasks.base import Pipeline

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "corpora/power_grid").glob("0[1-3]*.txt"))
TEXTS = ["深度学习很好"] * 3 + ["深度学习真好"] * 3


def python(code, **environment):
    """Run code in a new interpreter; what it printed, as JSON."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=100, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout), result.stderr.decode()


def made(task):
    needed = {
        "word-segmentation": {"lexicon": ["电网", "变压器"]},
        "feature-extraction": {"model": "zhnlp-mlm-small"},
        "explain": {"labels": ["好", "差"]},
        "few-shot-classification": {"labels": ["好", "坏"]},
    }
    return pipeline(task, **needed.get(task, {}))


# --- names -----------------------------------------------------------------------------------------------------


def test_unknown_tasks_list_the_names_nearest_first():
    for wrong, nearest in (("new-word", "new-words"), ("segmentation", "word-segmentation"), ("", None)):
        with pytest.raises(ValueError, match="is not known: expected one of") as refusal:
            pipeline(wrong)
        listed = str(refusal.value).split("one of ")[1].split(", ")
        assert sorted(listed) == sorted(map(repr, pipeline.tasks()))
        assert nearest is None or listed[0] == repr(nearest)


@pytest.mark.parametrize("task", pipeline.tasks())
def test_every_task_has_help_with_an_example_and_a_source(task):
    text = pipeline.help(task)
    assert text.startswith(f"pipeline({task!r})")
    assert "Example:" in text and ">>> " in text and "Source:" in text
    assert made(task).help() == text


@pytest.mark.parametrize("task", pipeline.tasks())
def test_unknown_options_are_refused(task):
    with pytest.raises(TypeError):
        pipeline(task, no_such_option=1)


def test_names_of_the_package():
    assert set(zhnlp.__all__) == set(dir(zhnlp))
    assert all(getattr(zhnlp, name) is not None for name in zhnlp.__all__)
    with pytest.raises(AttributeError, match="it has Corpus"):
        _ = zhnlp.Corpora


# --- what a call returns ---------------------------------------------------------------------------------------


class Length(Pipeline):
    """The smallest task there is."""

    task = "length"

    def run(self, text):
        return len(text)


@pytest.mark.parametrize("pipe", [Length(), made("word-segmentation")], ids=["length", "word-segmentation"])
def test_one_text_a_list_an_iterator(pipe):
    texts = ["电网变压器", "", "电网"]
    results = pipe(texts)
    assert isinstance(results, list) and results == [pipe(text) for text in texts]
    assert pipe(tuple(texts)) == results and pipe([]) == []
    lazy = pipe(iter(texts))
    assert isinstance(lazy, Iterator) and list(lazy) == results
    assert list(pipe(Corpus.from_texts(texts))) == [results[0], results[2]]  # a corpus drops blank texts


@pytest.mark.parametrize("pipe", [Length(), made("word-segmentation")], ids=["length", "word-segmentation"])
def test_an_endless_iterator_is_read_one_by_one(pipe):
    taken = []

    def endless():
        while True:
            taken.append(len(taken))
            yield "电" * len(taken)

    results = pipe(endless())
    assert taken == []
    first, second = next(results), next(results)
    assert (first, second) == (pipe("电"), pipe("电电"))
    assert len(taken) == 2


@pytest.mark.parametrize("wrong", [b"bytes", 3, None, Path("x"), ["a", None], ["a", b"b"], [["a"]]])
def test_what_is_no_text_is_refused(wrong):
    with pytest.raises(TypeError, match="expected"):
        Length()(wrong)


def test_new_words_takes_texts_paths_and_corpora():
    pipe = pipeline("new-words", min_count=2, reference=None)
    table = pipe(TEXTS)
    assert isinstance(table, WordTable) and (table[0]["word"], table[0]["count"]) == ("深度学习", 6)
    assert json.loads(json.dumps(table)) == list(table)
    assert pipe(iter(TEXTS)).words == pipe(Corpus.from_texts(TEXTS)).words == table.words
    by_path = pipe(FILES)
    assert by_path == pipe(paths=[str(path) for path in FILES])
    assert (
        by_path.words == pipe([line for path in FILES for line in path.read_text("utf-8").splitlines()]).words
    )
    assert pipe(TEXTS) == table  # a call forgets the one before


def test_new_words_refusals():
    pipe = pipeline("new-words")
    with pytest.raises(TypeError, match="both or neither"):
        pipe()
    with pytest.raises(TypeError, match="both or neither"):
        pipe(TEXTS, paths="x")
    with pytest.raises(FileNotFoundError, match="no such file"):
        pipe(paths="no-such-file.txt")
    with pytest.raises(ValueError, match="min_count=0"):
        pipeline("new-words", min_count=0)
    with pytest.raises(FileNotFoundError, match=r"no\.dict is not there"):
        pipeline("new-words", reference="no.dict")
    assert pipe(str(FILES[0])).words == pipe(FILES[0]).words  # a name that plainly is one is no text


# --- processes -------------------------------------------------------------------------------------------------


def test_import_is_quick_and_light():
    code = "import sys, json, zhnlp; print(json.dumps([m for m in sys.modules if m in %r]))"
    heavy = ["torch", "transformers", "tokenizers", "numba", "numpy", "pyarrow", "typer", "jieba"]
    assert python(code % heavy)[0] == []
    times = []
    for _ in range(5):
        spent = "import time; a = time.perf_counter(); import zhnlp; print(time.perf_counter() - a)"
        times.append(python(spent)[0])
    assert min(times) < 0.15
    begin = time.perf_counter()
    python("import zhnlp; print(1)")
    assert time.perf_counter() - begin < 2


def test_mining_and_segmenting_import_no_deep_learning():
    code = f"""
import json, sys, tempfile, warnings
from pathlib import Path
from zhnlp import pipeline
pipe = pipeline("new-words", min_count=2)
words = pipe({TEXTS!r})
pipe.discoverer.entropy_report()
pipe.discoverer.apply("深度学习")
folder = Path(tempfile.mkdtemp())
for suffix in ("csv", "jsonl", "parquet", "dict", "txt"):
    words.save(folder / f"words.{{suffix}}")
words.report(folder / "words.html")
pipeline("word-segmentation", lexicon=words)("深度学习很好")
roots = {{name.split(".")[0] for name in sys.modules}}
print(json.dumps(sorted(roots & {{"torch", "transformers", "tokenizers", "datasets", "sklearn", "jieba"}})))
"""
    assert python(code)[0] == []


@pytest.mark.parametrize("method", ["ngram", "min-entropy", "boundary-entropy", "pmi-cut", "lm"])
def test_without_numba_the_table_is_the_same_and_a_warning_says_so(method):
    code = f"""
import sys
%s
import json
from pathlib import Path
from zhnlp import WordDiscoverer
discoverer = WordDiscoverer({method!r}, min_count=3, threads=1, progress=False)
table = discoverer.fit([Path({str(FILES[0])!r})]).freeze()
entropy = discoverer.entropy_report().as_dict()
print(json.dumps([table, discoverer.apply("发电厂和电网"), entropy["words"]["kinds"]]))
"""
    compiled, said = python(code % "")
    plain, warned = python(code % "sys.modules['numba'] = None")
    assert "numba is not installed" in warned and "numba" not in said
    assert "overflow" not in warned
    assert compiled[1:] == plain[1:]
    assert [row["word"] for row in compiled[0]] == [row["word"] for row in plain[0]]
    for one, other in zip(compiled[0], plain[0]):
        assert {k: v for k, v in one.items() if not isinstance(v, float)} == {
            k: v for k, v in other.items() if not isinstance(v, float)
        }
        floats = [k for k, v in one.items() if isinstance(v, float)]
        assert [one[k] for k in floats] == pytest.approx([other[k] for k in floats], rel=1e-5, abs=1e-6)
