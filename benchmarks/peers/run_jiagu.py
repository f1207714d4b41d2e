"""Jiagu's new-word discovery with its own defaults.

    ~/.cache/zhnlp-peers/jiagu/bin/python benchmarks/peers/run_jiagu.py INPUT.txt OUTPUT.json

``jiagu.findword(input, output, min_freq=10, min_mtro=80, min_entro=3)``: strings of 2-5 word characters by
count, mutual information and neighbour entropy (bits). It reads and writes files itself; both are in the time.
Seen: the output holds the count only (PMI and entropy are dropped), a small text gives an empty file without a
word, and a string that always opens its line is judged by its right side alone. Calls in README.md.
"""

import tempfile
from pathlib import Path

from measure import Run

run = Run(
    "jiagu",
    call="jiagu.findword(input, output)",
    scores="count (the only number written)",
    order="the tool: count, descending",
)
with run.imports():
    import jiagu

with tempfile.TemporaryDirectory() as folder:
    found = Path(folder, "words.tsv")
    with run.work():
        jiagu.findword(str(run.input), str(found))
    rows = [line.rsplit("\t", 1) for line in found.read_text(encoding="utf-8").splitlines()]

run.write([{"word": word, "score": int(count), "count": int(count)} for word, count in rows])
