"""Child process of domain_terms_speed.py: `DomainTermMiner` over a domain and a reference file, measured.

    python benchmarks/workers/mine_terms.py DOMAIN.txt OUTPUT.json '{"reference": "news.txt", "vectors": false}'

``warm`` loads the machine code on a small slice of both before the clock starts; ``repeat`` takes the run with the
least wall time.  ``threads`` is also the number of threads of the linear algebra.  All other keys are arguments of
DomainTermMiner.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

options = json.loads(sys.argv[3])
warm, repeat = options.pop("warm", False), options.pop("repeat", 1)
options = {"threads": 2, "progress": False, **options}
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options["threads"])  # before numpy is imported

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from measure import Run  # noqa: E402
from resident import current_bytes, forget_peak  # noqa: E402

reference = Path(options.pop("reference"))
arguments = ", ".join(f"{key}={value!r}" for key, value in options.items())
run = Run(
    "zhnlp",
    call=f"DomainTermMiner(reference=path, {arguments}).fit(path).freeze()",
    scores="see zhnlp/mining/terms",
    order="score, descending",
)
with run.imports():
    from zhnlp.mining.terms import DomainTermMiner
after_imports = current_bytes()
if warm:
    small = []
    for path in (run.input, reference):
        with path.open(encoding="utf-8") as file:
            small.append(file.read(200_000).splitlines())
    DomainTermMiner(reference=small[1], **options).fit(small[0]).freeze()
    del small
    forget_peak()
after_warm_up = current_bytes()

runs = []
for _ in range(repeat):
    with run.work():
        found = DomainTermMiner(reference=reference, **options).fit(run.input)
        table = found.freeze()
    measured = {key: value for key, value in run.result.items() if key.endswith("seconds")}
    runs.append({**measured, "stages": dict(found.seconds)})
    if measured["wall_seconds"] == min(one["wall_seconds"] for one in runs):
        best = run.result
    terms = [{"word": row["term"], "score": row["score"], "count": row["count"]} for row in table[:10]]
    size = len(table)
    digest = hashlib.sha256(json.dumps(list(table), ensure_ascii=False).encode()).hexdigest()
    del found, table
run.result = best
run.write(
    terms,
    runs=runs,
    rss_after_imports=after_imports,
    rss_after_warm_up=after_warm_up,
    rss_peak=int(best["peak_rss_mb"] * 2**20),
    table_rows=size,
    sha256=digest,
)
