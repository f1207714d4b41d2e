"""Child process of domain_terms_quality.py: cut and tag a file with jieba.posseg, a document a line.

    python benchmarks/workers/tag.py INPUT.txt OUTPUT.tagged

Tokens of a line are parted by U+001F, a word and its tag by U+001E; `jieba.posseg` at its defaults (HMM on).  About
100,000 characters a second, so the file is kept and used again.
"""

import sys
from pathlib import Path

import jieba.posseg
from jieba import setLogLevel


def main() -> None:
    """Tag every line; the file appears when it is whole."""
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    setLogLevel(60)
    partial = output.with_name(output.name + ".part")
    with source.open(encoding="utf-8") as lines, partial.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            pairs = jieba.posseg.cut(line.rstrip("\n"))
            file.write("\x1f".join(f"{pair.word}\x1e{pair.flag}" for pair in pairs) + "\n")
    partial.replace(output)


if __name__ == "__main__":
    main()
