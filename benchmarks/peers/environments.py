"""Make one virtual environment for each peer of the new-word benchmark, with pinned versions from PyPI.

    python benchmarks/peers/environments.py                      # all peers, into ~/.cache/zhnlp-peers
    python benchmarks/peers/environments.py jiagu gensim --cache /tmp/peers

The pins of ``requirements/<peer>.txt`` were installed and run on Python 3.10, 3.11 and 3.13. The environments
take the Python that runs this script unless ``--python`` names another. Then run a peer with

    ~/.cache/zhnlp-peers/jiagu/bin/python benchmarks/peers/run_jiagu.py INPUT.txt OUTPUT.json

Exit code: 0 when every asked peer works, 1 when one could not be installed or imported (the reason is
printed), 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_CACHE = "~/.cache/zhnlp-peers"
OLDEST, NEWEST = (3, 10), (3, 13)

# peer → the statement its runner needs; a peer counts as installed once this works in its environment
PROBES = {
    "harvesttext": "from harvesttext import HarvestText; HarvestText().word_discover",
    "jiagu": "import jiagu; jiagu.findword",
    "smoothnlp": "from smoothnlp.algorithm.phrase import extract_phrase",
    "gensim": "from gensim.models.phrases import Phrases",
}


def environment_python(cache: Path, peer: str) -> Path:
    """Path of the interpreter of ``peer`` under ``cache`` (it need not exist yet)."""
    return cache / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str]) -> tuple[bool, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return done.returncode == 0, (errors or lines or [f"exit code {done.returncode}"])[-1].strip()


def make_environment(peer: str, cache: Path, base_python: str) -> tuple[bool, str]:
    """Create (or complete) the environment of one peer; returns (works, version or reason)."""
    python = environment_python(cache, peer)
    steps = []
    if not python.exists():
        steps.append(("create the environment", [base_python, "-m", "venv", str(cache / peer)]))
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps.append(("install", [*install, "-r", str(HERE / "requirements" / f"{peer}.txt")]))
    steps.append(("import", [str(python), "-W", "ignore", "-c", PROBES[peer]]))
    for name, command in steps:
        works, reason = _run(command)
        if not works:
            return False, f"could not {name}: {reason}"
    version = (
        f"import importlib.metadata as m, sys; print(m.version({peer!r}), '%d.%d.%d' % sys.version_info[:3])"
    )
    return _run([str(python), "-c", version])


def main() -> int:
    """Parse the command line, make the environments, print one line a peer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peers", nargs="*", help=f"any of: {', '.join(PROBES)} (default: all)")
    parser.add_argument("--cache", type=Path, default=Path(DEFAULT_CACHE), help="folder of the environments")
    parser.add_argument("--python", default=sys.executable, help="interpreter to build them with")
    parser.add_argument("--json", action="store_true", help="print one JSON object a peer instead of a line")
    options = parser.parse_args()
    unknown = [peer for peer in options.peers if peer not in PROBES]
    if unknown:
        parser.error(f"got unknown peers {unknown}; known: {', '.join(PROBES)}")

    ask = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([options.python, "-c", ask], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in answer.split())
    if not OLDEST <= version <= NEWEST:
        text = ".".join(map(str, version))
        print(f"warning: the pins were tried on Python 3.10 to 3.13, this is {text}", file=sys.stderr)

    cache = options.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    failed = 0
    for peer in options.peers or PROBES:
        print(f"{peer}: installing into {cache / peer} …", file=sys.stderr, flush=True)
        works, what = make_environment(peer, cache, options.python)
        failed += not works
        if options.json:
            row = {
                "peer": peer,
                "works": works,
                "python": str(environment_python(cache, peer)),
                "detail": what,
            }
            print(json.dumps(row, ensure_ascii=False), flush=True)
        elif works:
            print(f"ok      {peer} {what.split()[0]} on Python {what.split()[-1]}", flush=True)
        else:
            print(f"missing {peer}: {what}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
