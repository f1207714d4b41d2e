"""Child process of counting.py: encode a file, warm up, then count it and measure the counting alone.

python benchmarks/workers/count.py INPUT.txt OUTPUT.json '{"threads": 1, "repeat": 3}'
"""

import ctypes
import gc
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from measure import cpu_seconds, peak_bytes
from resident import current_bytes, forget_peak

DEFAULTS = {"threads": 1, "repeat": 3, "max_length": 8, "min_count": 5}


def give_back() -> None:
    """Return freed memory to the system, so that the encoder's is not taken for the kernel's."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def main() -> None:
    """Measure and write."""
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    options = {**DEFAULTS, **json.loads(sys.argv[3])}
    from zhnlp.mining.count import count_ngrams
    from zhnlp.mining.encode import SymbolStore, encode_texts
    from zhnlp.text import Corpus

    after_imports = current_bytes()
    limits = {"max_length": options["max_length"], "min_count": options["min_count"]}
    with source.open(encoding="utf-8") as file:
        count_ngrams(encode_texts(file.read(100_000).splitlines()), threads=options["threads"], **limits)
    give_back()
    after_warm_up = current_bytes()

    store = SymbolStore()
    for block in Corpus.from_paths(source).blocks():
        store.add(block.text, block.ends)
    symbols = store.freeze()
    del store, block
    give_back()
    encoded = current_bytes()
    forget_peak()
    runs = []
    for _ in range(options["repeat"]):
        cpu, wall = cpu_seconds(), time.perf_counter()
        trie = count_ngrams(symbols, threads=options["threads"], **limits)
        runs.append({"cpu_seconds": cpu_seconds() - cpu, "wall_seconds": time.perf_counter() - wall})
        ngrams = len(trie)
        del trie
    record = {
        "options": options,
        "runs": runs,
        "symbols": symbols.total,
        "array": int(symbols.array.size),
        "alphabet": len(symbols.alphabet),
        "ngrams": ngrams,
        "rss_after_imports": after_imports,
        "rss_after_warm_up": after_warm_up,
        "rss_encoded": encoded,
        "rss_peak": peak_bytes(),
    }
    output.write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main()
