"""Sparse attention in tiles beside dense attention with the same mask: CPU seconds and memory of one call.

    python benchmarks/sparse_attention.py --save                # two CPU minutes
    python benchmarks/sparse_attention.py --length 1024 --patterns local

One row of 4,096 positions, 4 heads of 64 features, float32, one thread.  "sdpa" is torch's own kernel, which keeps no scores but
wants the mask of all pairs, as bools and as floats; "softmax" writes the scores out.  Each system runs in a process of its own:
memory is the high-water mark (VmHWM) of the first call above the inputs, results and gradients included; CPU seconds are the best
of ``--repeats`` calls.  ``same``: the largest difference from "softmax", in results and gradients.  Ratios are the dense
system's figure over ours.  Bar: 4 times less memory and 2 times faster than either.

Source: https://kexue.fm/archives/6853
"""

from __future__ import annotations

import json
from importlib.metadata import version

from harness.process import WORKERS, run
from harness.report import Report, command

SYSTEMS = ("softmax", "sdpa", "zhnlp")


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--length", type=int, default=4096, help="positions (default: %(default)s)")
    parser.add_argument(
        "--radius", type=int, default=64, help="of the windows, and the rate (default: %(default)s)"
    )
    parser.add_argument("--heads", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--features", type=int, default=64, help="of a head (default: %(default)s)")
    parser.add_argument("--causal", action="store_true", help="hide keys behind the query")
    parser.add_argument(
        "--patterns", nargs="+", default=["local", "atrous", "sparse", "local+global"], help="(default: all)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="calls that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    patterns = {
        "local": {"kind": "Local", "radius": options.radius},
        "atrous": {"kind": "Atrous", "rate": options.radius},
        "sparse": {"kind": "Sparse", "rate": options.radius},
        "local+global": {"kind": "LocalGlobal", "radius": options.radius},
    }
    report = Report(
        "sparse_attention",
        {
            "pattern": "pattern", "way": "system", "backward": "backward", "CPU s": "cpu_seconds", "÷ ours": "times_ours",
            "MB": lambda line: line["memory"] / 2**20, "÷ ours ": "memory_times_ours", "same": "difference",
        },
    )  # fmt: skip
    for name in options.patterns:
        for backward in (False, True):
            settings = {
                "pattern": patterns[name], "length": options.length, "heads": options.heads, "features": options.features,
                "causal": options.causal, "backward": backward, "repeats": options.repeats, "threads": options.threads,
                "seed": options.seed,
            }  # fmt: skip
            found = {system: run(WORKERS / "attend.py", system, json.dumps(settings)) for system in SYSTEMS}
            if failed := [
                f"{system}: {line['failed']}" for system, line in found.items() if "failed" in line
            ]:
                raise SystemExit(f"error: {'; '.join(failed)}")
            for system, line in found.items():
                report.add(
                    system=system,
                    pattern_of=patterns[name],
                    **{**settings, "pattern": name},
                    cpu_seconds=line["cpu_seconds"],
                    memory=line["memory"],
                    times_ours=line["cpu_seconds"] / found["zhnlp"]["cpu_seconds"],
                    memory_times_ours=line["memory"] / found["zhnlp"]["memory"],
                    difference=difference(line, found["softmax"]),
                    runs=line["runs"],
                    torch=version("torch"),
                )
    report.finish(
        options.save,
        f"Length {options.length:,}, radius and rate {options.radius}, {options.heads} heads of {options.features}, "
        f"{options.threads} thread, best of {options.repeats}. Bar: 4 times less memory, 2 times faster than both.",
    )


def difference(one: dict, other: dict) -> float:
    """The largest difference of the numbers compared."""
    assert one["inputs"] == other["inputs"], "the systems were given other inputs"
    pairs = zip(one["checks"], other["checks"])
    return max(abs(a - b) for first, second in pairs for a, b in zip(first, second))


if __name__ == "__main__":
    main()
