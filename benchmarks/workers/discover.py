"""Child process of the new-word benchmarks: `WordDiscoverer` over one file, measured like the peers.

    python benchmarks/workers/discover.py INPUT.txt OUTPUT.json '{"method": "ngram", "warm": true, "min_count": 32}'

``warm`` loads the machine code on a small slice before the clock starts; ``repeat`` takes the run with the least
CPU time; ``words`` false leaves the words out.  All other keys are arguments of WordDiscoverer.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from measure import Run
from resident import current_bytes, forget_peak

options = json.loads(sys.argv[3])
warm, repeat, keep = options.pop("warm", False), options.pop("repeat", 1), options.pop("words", True)
method = options.pop("method", "ngram")
options = {"threads": 1, "progress": False, **options}
run = Run(
    "zhnlp",
    call=f"WordDiscoverer({method!r}{''.join(f', {k}={v!r}' for k, v in options.items())}).fit(path).freeze()",
    scores="log-odds, see zhnlp/mining/score.py",
    order="score, descending",
)
with run.imports():
    from zhnlp.mining.discoverer import WordDiscoverer
after_imports = current_bytes()
if warm:
    with run.input.open(encoding="utf-8") as file:
        small = file.read(100_000).splitlines()
    in_memory = {key: value for key, value in options.items() if key not in ("memory", "workdir")}
    WordDiscoverer(method, **in_memory).fit(small).freeze()
    del small
    forget_peak()
after_warm_up = current_bytes()

runs, seconds, table = [], {}, None
for _ in range(repeat):
    del table
    with run.work():
        found = WordDiscoverer(method, **options).fit(run.input)
        table = found.freeze()
    runs.append({key: value for key, value in run.result.items() if key.endswith("seconds")})
    if runs[-1]["cpu_seconds"] == min(one["cpu_seconds"] for one in runs):
        best, seconds = run.result, found.seconds
    symbols = found.symbols.total
    del found
run.result = best
words = [{"word": row["word"], "score": row["score"], "count": row["count"]} for row in table]
run.write(
    words if keep else words[:10],
    runs=runs,
    seconds=seconds,
    symbols=symbols,
    rss_after_imports=after_imports,
    rss_after_warm_up=after_warm_up,
    rss_peak=int(best["peak_rss_mb"] * 2**20),
    table_rows=len(words),
)
