"""Search in a million vectors: exact by blocks in several widths, against torch's product and topk, and against graphs.

    python benchmarks/faq_search.py --save                      # a million vectors, two quiet cores
    python benchmarks/faq_search.py --vectors 100000 --index
    python benchmarks/faq_search.py --graph 50000               # the graphs over so many: building them takes longest

Unit vectors of drawn numbers, in clusters of clusters as those of sentences are; a query is one of them, moved to a cosine of
about 0.85.  Queries come 32 together.  ``recall@10`` and ``same order`` are against "torch": one product and one topk over everything.
``vectors MB`` is what a way reads; ``peak MB`` what it takes beside that during a search (Linux).  Ways take turns; the best of
``--repeats`` counts.  CPU milliseconds are those of all threads, which a busy machine hardly stretches.  ``--index`` also builds a
FAQIndex of so many questions, saves it, and loads it in a process of its own.  Bar: 50 ms a query.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from harness.report import Report, command

from zhnlp.nn.int8_vectors import compress
from zhnlp.similarity.backends import approximate_search, open_backend
from zhnlp.similarity.exact_search import Part, exact_search
from zhnlp.similarity.faq_index import FAQIndex
from zhnlp.similarity.vector_store import VectorStore

K, TOGETHER = 10, 32
_SLICE = 50_000


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--vectors", type=int, default=1_000_000, help="(default: %(default)s)")
    parser.add_argument("--width", type=int, default=256, help="dimensions (default: %(default)s)")
    parser.add_argument("--graph", type=int, default=0, help="vectors of faiss' and usearch's graphs; 0: all")
    parser.add_argument(
        "--queries", type=int, default=128, help="for recall; the first 32 are timed (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of torch, faiss (default: %(default)s)")
    parser.add_argument("--index", action="store_true", help="also measure a FAQIndex of --vectors questions")
    parser.add_argument("--loaded", type=Path, help=argparse_hidden())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.loaded:
        print(json.dumps(loaded_index(options.loaded)))
        return
    vectors, queries = drawn(options.vectors, options.queries, options.width, options.seed)
    report = Report(
        "faq_search",
        {
            "way": "system", "vectors": "count", "ms/query": "milliseconds", "CPU ms/query": "cpu_milliseconds", "recall@10": "recall",
            "same order": "same_order", "vectors MB": "vectors_mb", "peak MB": "peak_mb", "build CPU s": "build_cpu_seconds",
        },
    )  # fmt: skip
    common = {"width": options.width, "together": TOGETHER, "threads": options.threads, "seed": options.seed}
    common["torch"] = version("torch")
    compare(report, exact_ways(vectors, options.threads), queries, vectors, options.repeats, common)
    few = vectors[: options.graph or None]
    ways = graph_ways(few, options.threads)
    if ways:
        compare(report, {"torch": torch_way(few), **ways}, queries, few, options.repeats, common)
    if options.index:
        measure_index(report, vectors, common)
    report.finish(
        options.save,
        f"{options.width} dimensions, {TOGETHER} queries together, top {K}, {options.threads} threads, best of {options.repeats}. Bar: "
        "exact top 10 of a million in 50 ms a query on 2 cores; recall@10 of graphs .95.",
    )


def argparse_hidden() -> str:
    """The help text of an option that is for the script itself."""
    from argparse import SUPPRESS

    return SUPPRESS


def drawn(count: int, queries: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (count, width) and queries (queries, width) of length 1, in topics of clusters."""
    chance = np.random.default_rng(seed)
    topics = chance.standard_normal((64, width), np.float32)
    clusters = topics[chance.integers(0, 64, max(count // 50, 1))]
    clusters = clusters + chance.standard_normal(clusters.shape, np.float32)
    vectors = np.empty((count, width), np.float32)
    for begin in range(0, count, _SLICE):
        rows = vectors[begin : begin + _SLICE]
        chance.standard_normal(out=rows, dtype=np.float32)
        rows += clusters[chance.integers(0, len(clusters), len(rows))]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    asked = vectors[chance.integers(0, count, queries)]
    asked = asked + 0.6 / width**0.5 * chance.standard_normal(asked.shape, np.float32)
    return vectors, asked / np.linalg.norm(asked, axis=1, keepdims=True)


class Way:
    """A way to search: what it calls, what it holds, and what building it took."""

    def __init__(self, search: Callable[[np.ndarray], np.ndarray], size: int, build: float = 0.0):
        self.search, self.size, self.build = search, size, build


def torch_way(vectors: np.ndarray) -> Way:
    """One product, one topk."""
    whole = torch.from_numpy(vectors)
    return Way(lambda q: (torch.from_numpy(q) @ whole.T).topk(K).indices.numpy(), vectors.nbytes)


def exact_ways(vectors: np.ndarray, threads: int) -> dict[str, Way]:
    """torch over everything, ours in four widths, and the exact index of faiss."""
    ways = {"torch": torch_way(vectors)}
    begin = time.process_time()
    small = [compress(torch.from_numpy(vectors[i : i + _SLICE])) for i in range(0, len(vectors), _SLICE)]
    codes, scales = (torch.cat(arrays).numpy() for arrays in zip(*small))
    build, half = time.process_time() - begin, vectors.astype(np.float16)
    parts = {
        "float32": ([Part(vectors)], 0.0),
        "float16": ([Part(half)], 0.0),
        "int8": ([Part(None, codes, scales)], build),
        "int8+float32": ([Part(vectors, codes, scales)], build),
    }
    for name, (part, seconds) in parts.items():
        size = sum(array.nbytes for array in part[0] if array is not None)
        ways[f"zhnlp {name}"] = Way(lambda q, part=part: exact_search(q, part, K).places, size, seconds)
    if find_spec("faiss"):
        import faiss

        faiss.omp_set_num_threads(threads)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        ways["faiss flat"] = Way(lambda q: flat.search(q, K)[1], vectors.nbytes)
    return ways


def graph_ways(vectors: np.ndarray, threads: int) -> dict[str, Way]:
    """The approximate backends that are installed, with their scores from the vectors."""
    store = VectorStore()
    for begin in range(0, len(vectors), _SLICE):
        store.append(vectors[begin : begin + _SLICE])
    ways = {}
    for name in ("faiss", "usearch"):
        if find_spec(name):
            graph, begin = open_backend(name, vectors.shape[1]), time.process_time()
            for row in range(0, len(vectors), _SLICE):
                graph.add(vectors[row : row + _SLICE])
            build = time.process_time() - begin
            with tempfile.NamedTemporaryFile() as file:
                graph.save(Path(file.name))
                size = Path(file.name).stat().st_size
            ways[f"{name} graph"] = Way(
                lambda q, graph=graph: approximate_search(graph, store, q.astype(np.float64), K).places,
                size,
                build,
            )
            print(f"{name}: graph of {len(vectors):,} in {build:.0f} CPU s", file=sys.stderr)
    return ways


def compare(
    report: Report, ways: dict[str, Way], queries: np.ndarray, vectors: np.ndarray, repeats: int, common: dict
) -> None:
    """Add a line for each way; the first one's results are the right ones."""
    batches = [queries[begin : begin + TOGETHER] for begin in range(0, len(queries), TOGETHER)]
    found = {name: np.concatenate([way.search(batch) for batch in batches]) for name, way in ways.items()}
    wall, cpu, peak = {}, {}, {}
    for _ in range(repeats):
        for name, way in ways.items():
            before = reset_peak()
            begin, spent = time.perf_counter(), time.process_time()
            way.search(batches[0])
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            peak[name] = None if before is None else (memory("VmHWM") - before) / 1e6
            wall[name], cpu[name] = min(wall.get(name, begin), begin), min(cpu.get(name, spent), spent)
    right = found[next(iter(ways))]
    for name, way in ways.items():
        both = zip(found[name].tolist(), right.tolist())
        package = name.split()[0]
        report.add(
            system=name,
            count=len(vectors),
            milliseconds=1e3 * wall[name] / len(batches[0]),
            cpu_milliseconds=1e3 * cpu[name] / len(batches[0]),
            recall=float(np.mean([len({*one} & {*other}) / K for one, other in both])),
            same_order=float((found[name] == right).mean()),
            vectors_mb=way.size / 1e6,
            peak_mb=peak[name],
            build_cpu_seconds=way.build or None,
            **common,
            **({} if package not in ("faiss", "usearch") else {package: installed(package)}),
        )


def installed(package: str) -> str:
    """The version of faiss or usearch."""
    try:
        return version("faiss-cpu" if package == "faiss" else package)
    except PackageNotFoundError:
        return "unknown"


class Drawn:
    """An encoder whose texts are "question number …"; the vector is the row of that number."""

    def __init__(self, vectors: np.ndarray):
        self.vectors = vectors

    def encode(self, texts: list[str]) -> np.ndarray:
        """(N, D)."""
        return self.vectors[[int(text.split()[1]) for text in texts]]


def measure_index(report: Report, vectors: np.ndarray, common: dict) -> None:
    """Add lines for a FAQIndex that was built here, and for the same one loaded elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "rows.npy", vectors)
        rows = np.load(Path(folder) / "rows.npy", mmap_mode="r")
        before, begin = memory("RssAnon"), time.process_time()
        index = FAQIndex(Drawn(rows), progress=False)
        for start in range(0, len(vectors), _SLICE):
            numbers = range(start, min(start + _SLICE, len(vectors)))
            index.add(
                [f"关于第 {n} 个常见问题应该怎么办" for n in numbers],
                [f"{n} 的答案：" + "请按页面上的说明一步一步来。" * 3 for n in numbers],
            )
        held, spent = (memory("RssAnon") - before) / 1e6, time.process_time() - begin
        index.save(Path(folder) / "faq")
        report.add(system="FAQIndex built", count=len(index), vectors_mb=index.vectors.nbytes / 1e6, peak_mb=held, build_cpu_seconds=spent,
                   texts_mb=index.entries.nbytes / 1e6, **common)  # fmt: skip
        del index
        done = subprocess.run(
            [sys.executable, __file__, "--loaded", folder, "--threads", str(common["threads"])],
            stdout=subprocess.PIPE,
            check=True,
        )
        report.add(system="FAQIndex loaded", count=len(vectors), **json.loads(done.stdout), **common)


def loaded_index(folder: Path) -> dict:
    """Load an index and search it, with 32 queries; memory of its own (RssAnon), and seconds to load."""
    rows = np.load(folder / "rows.npy", mmap_mode="r")
    before, begin = memory("RssAnon"), time.process_time()
    index = FAQIndex.load(folder / "faq", Drawn(rows))
    spent = time.process_time() - begin
    texts = [f"关于第 {number} 个常见问题" for number in range(0, len(rows), max(1, len(rows) // TOGETHER))][
        :TOGETHER
    ]
    found = index.search(texts, K, None)
    wall, cpu = [], []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        found = index.search(texts, K, None)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    right = [hits[0]["question"].startswith(text) for hits, text in zip(found, texts)]
    return {
        "milliseconds": 1e3 * min(wall) / TOGETHER,
        "cpu_milliseconds": 1e3 * min(cpu) / TOGETHER,
        "recall": sum(right) / len(right),
        "vectors_mb": index.vectors.nbytes / 1e6,
        "peak_mb": (memory("RssAnon") - before) / 1e6,
        "build_cpu_seconds": spent,
    }


def memory(name: str) -> float:
    """Bytes of this process by the kernel's count; nan where there is no such count."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(
        (float(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":")), float("nan")
    )


def reset_peak() -> float | None:
    """Let the kernel count the peak anew; bytes that are taken now, or None where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return memory("VmRSS")


if __name__ == "__main__":
    main()
