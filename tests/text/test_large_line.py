"""100 MB without a line end: memory stays within a few times ``max_line``."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

MEASURE = """
import json, resource, sys
from zhnlp.text import Corpus, script_table
script_table()
if sys.argv[1].endswith("parquet"):
    import pyarrow.parquet
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
corpus = Corpus.from_paths(sys.argv[1], unit=sys.argv[3])
if sys.argv[2] == "blocks":
    lengths = [len(document) for block in corpus.blocks() for document in block.documents()]
else:
    lengths = [len(document) for document in corpus]
print(json.dumps([sum(lengths), max(lengths, default=0), corpus.report.as_dict(), (peak() - before) / 1024]))
"""

SENTENCE = "他说今天的天气非常好，我们一起去公园里走一走吧。"


def measure(path, route, unit="line"):
    """(characters, longest document, report, growth of the peak resident memory in MiB) in a fresh process."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, str(path), route, unit]
    return json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("route", ["blocks", "documents"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress], ids=["plain", "gz", "zst"]
)
def test_one_line_of_100_megabytes(tmp_path, route, pack):
    repeats = 100_000_000 // len(SENTENCE.encode())
    path = tmp_path / "line.txt"
    path.write_bytes(pack(SENTENCE.encode() * repeats))
    characters, longest, report, growth = measure(path, route)
    assert characters == repeats * len(SENTENCE)
    assert longest <= 1_000_000 and longest % len(SENTENCE) == 0  # cut at sentence ends
    assert report["split_lines"] == 1 and report["documents"] == -(-characters // longest)
    assert growth < 100  # the text itself takes 67 MB as str, the file 100 MB


@pytest.mark.slow
def test_one_paragraph_and_one_row_of_100_megabytes(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text((SENTENCE + "\n") * 1_300_000, encoding="utf-8")
    characters, longest, report, growth = measure(path, "documents", "paragraph")
    assert report["split_lines"] == 1 and longest <= 1_000_000 and growth < 100
    assert characters > 1_300_000 * len(SENTENCE)
    path = tmp_path / "row.jsonl"
    path.write_text('{"text": "' + SENTENCE * 1_300_000 + '"}\n{"text": "好"}', encoding="utf-8")
    characters, _, report, growth = measure(path, "documents")
    assert characters == 1 and report["skipped"] == {"row too long": 1} and growth < 150
