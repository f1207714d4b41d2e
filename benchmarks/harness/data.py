"""The corpora of the benchmarks as plain UTF-8 files, with their hash and size.

Everything comes from the public sets that corpora/public_data.py finds (ZHNLP_DATA, else ../shared/data beside the
checkout); a script that finds none exits with code 2 and says where it looked.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "corpora"))

from classics import chapters
from law import newest
from public_data import data_folder, lines, records, stop

OPEN = "pretrain/open.txt.xz"
NEWS = "corpora/news.jsonl.xz"
LAW = "corpora/law.jsonl.xz"
IT = "corpora/it_lctt.jsonl.xz"
SANGUO = "corpora/classics/三国演义.txt.xz"
PKU_WORDS = "segmentation/pku_training_words.utf8"
PKU_TEST = "segmentation/pku_test_gold.utf8"
JIAGU_WORDS = "lexicons/jiagu.dict"
SANGUO_NAMES = "lexicons/sanguo_entity_dict.json"


@dataclass(frozen=True)
class TextFile:
    """A plain text file: ``characters`` does not count line ends."""

    name: str
    path: Path
    characters: int
    bytes: int
    sha256: str

    def facts(self) -> dict:
        """What a result line says of its data."""
        return {
            "data": self.name,
            "data_sha256": self.sha256,
            "characters": self.characters,
            "bytes": self.bytes,
        }

    def documents(self) -> list[str]:
        """Its lines."""
        return self.path.read_text(encoding="utf-8").splitlines()


def find(name: str) -> Path:
    """A file of the public sets; exits 2 where it is missing."""
    path = data_folder() / name
    if not path.is_file():
        stop(f"no file {path}. Set ZHNLP_DATA to the folder of the public sets.")
    return path


def write_lines(texts, path: Path, name: str) -> TextFile:
    """Write one document a line, and say what was written."""
    digest, characters, size = hashlib.sha256(), 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for text in texts:
            row = (text + "\n").encode("utf-8")
            file.write(row)
            digest.update(row)
            characters, size = characters + len(text), size + len(row)
    return TextFile(name, path, characters, size, digest.hexdigest())


def _cut(texts, characters: int):
    """The first texts that add up to ``characters``, the last one cut."""
    left = characters
    for text in texts:
        if left <= 0:
            return
        yield text[:left]
        left -= len(text)


def open_text(folder: Path, characters: int | None, seed: int) -> TextFile:
    """The open pre-training text, or a seeded sample of its lines that adds up to ``characters``, in file order."""
    source = find(OPEN)
    if characters is None:
        return write_lines(lines(source), folder / "open.txt", f"{OPEN} (whole)")
    rows = [row for row in lines(source) if row.strip()]
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    chosen, total = [], 0
    for number in order:
        if total >= characters:
            break
        chosen.append(number)
        total += len(rows[number])
    sample = _cut((rows[number] for number in sorted(chosen)), characters)
    return write_lines(sample, folder / f"open_{characters}.txt", f"{OPEN} (lines drawn with seed {seed})")


def news_text(folder: Path, characters: int | None = None) -> TextFile:
    """Contents of the news items, one a line, from the first on; ``characters`` None takes all."""
    rows = (" ".join(row["content"].split("\n")).strip() for row in records(find(NEWS), "content"))
    rows = (row.replace("\r", " ") for row in rows if row)
    if characters is None:
        return write_lines(rows, folder / "news.txt", f"{NEWS} (contents)")
    cut = _cut(rows, characters)
    return write_lines(cut, folder / f"news_{characters}.txt", f"{NEWS} (contents, from the first on)")


def sanguo_text(folder: Path) -> TextFile:
    """三国演义, one paragraph a line."""
    rows = (row for chapter in chapters(find(SANGUO)) for row in chapter.split("\n"))
    return write_lines(rows, folder / "sanguo.txt", SANGUO)


def law_text(folder: Path) -> TextFile:
    """Each law once, in its newest version, without its title; a law a line."""
    return write_lines(_laws(), folder / "law.txt", f"{LAW} (newest versions)")


def it_text(folder: Path) -> TextFile:
    """Articles of LCTT without their titles, one a line."""
    return write_lines(_articles(), folder / "it.txt", IT)


def domain_text(folder: Path, characters: int) -> TextFile:
    """The laws, then the articles of LCTT, up to ``characters``: a professional text for measures of speed."""
    texts = _cut(chain(_laws(), _articles()), characters)
    return write_lines(texts, folder / f"domain_{characters}.txt", f"{LAW} (newest versions), then {IT}")


def _laws():
    return _one_line(row["text"] for row in newest(list(records(find(LAW), "title", "date", "text"))))


def _articles():
    return _one_line(row["text"] for row in records(find(IT), "text"))


def _one_line(texts):
    """Texts on a line each, blank ones left out, as corpora/*.py write them."""
    for text in texts:
        line = " ".join(text.splitlines()).strip()
        if line:
            yield line
