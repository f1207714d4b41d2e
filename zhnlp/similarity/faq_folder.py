"""The folder of an index: arrays and JSON lines that are mapped into memory, and ``faq.json`` that names them.

A save writes new files under a new number, then ``faq.json``, then removes the old ones: whoever reads in between, or is left
with what a kill left, has the old index whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.similarity.backends.base import check_backend, open_backend
from zhnlp.similarity.entry_store import EntryStore
from zhnlp.similarity.faq_texts import encode
from zhnlp.similarity.vector_store import ARRAYS, VectorStore
from zhnlp.text.files import write_whole

if TYPE_CHECKING:
    from zhnlp.similarity.faq_index import FAQIndex

FORMAT = "zhnlp faq 1"
_ALIKE = 0.98  # cosine of a question's vector and the saved one below which the encoder is another


def save(index: FAQIndex, folder: Path, *, encoder: bool) -> Path:
    """See `FAQIndex.save`."""
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: expected the name of a folder")
    old = _settings(folder) if (folder / "faq.json").exists() else None
    if old is None and folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} has files, and none is faq.json: expected an empty or a new folder, or an index"
        )
    folder.mkdir(parents=True, exist_ok=True)
    number = old["number"] + 1 if old else 1
    paths = _paths(folder, index.dtype, number)
    index.vectors.save(paths, None if index.keep.all() else index.keep)
    index.entries.save(paths["questions"], paths["ends"], paths["firsts"], index.keep)
    if index.ann is not None and index.keep.all():
        index.ann.save(paths["graph"])
    own = (
        index.encoder_folder is not None and index.encoder_folder.resolve() == (folder / "encoder").resolve()
    )
    if encoder and not own and callable(getattr(index.encoder, "save", None)):
        index.encoder.save(folder / "encoder")
    settings = {
        "format": FORMAT,
        "number": number,
        "questions": len(index),
        "width": index.vectors.width,
        "dtype": index.dtype,
        "backend": index.backend,
        "graph": index.graph,
        "max_characters": index.max_characters,
        "encoder": type(index.encoder).__name__,
        "calibration": index.calibration,
    }
    write_whole(folder / "faq.json", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    if old is not None:
        for path in _paths(folder, old["dtype"], old["number"]).values():
            path.unlink(missing_ok=True)
    return folder


def load(kind: type[FAQIndex], folder: Path, encoder: Any, progress: bool | None) -> FAQIndex:
    """See `FAQIndex.load`."""
    if not (folder / "faq.json").is_file():
        raise FileNotFoundError(
            f"{folder} holds no index: expected a folder of FAQIndex.save, with faq.json in it"
        )
    settings = _settings(folder)
    own = encoder is None
    if own:
        if not (folder / "encoder").is_dir():
            raise ValueError(
                f"{folder} was saved without its encoder, a {settings['encoder']}: expected one. Next: FAQIndex.load(folder, encoder=…)"
            )
        encoder = folder / "encoder"
    index = kind(
        encoder,
        settings["backend"],
        settings["dtype"],
        max_characters=settings["max_characters"],
        progress=progress,
        **settings["graph"],
    )
    index.encoder_folder = folder / "encoder" if own else None
    paths = _paths(folder, index.dtype, settings["number"])
    index.vectors = VectorStore.load(paths, index.dtype)
    index.entries = EntryStore.load(paths["questions"], paths["ends"], paths["firsts"])
    if not len(index.vectors) == len(index.entries) == settings["questions"]:
        raise ValueError(
            f"{folder} has {len(index.vectors):,} vectors, {len(index.entries):,} questions, and should have {settings['questions']:,}: "
            "expected the files of one save. Next: build the index again"
        )
    index.keep = np.ones(len(index.entries), bool)
    index.calibration = settings["calibration"]
    _check_encoder(index)
    if index.backend != "exact" and len(index):
        if paths["graph"].is_file():
            index.ann = open_backend(index.backend, index.vectors.width, **index.graph)
            index.ann.load(paths["graph"])
        else:  # saved with removed questions, which a graph cannot leave out
            index.build_graph()
    return index


def _check_encoder(index: FAQIndex) -> None:
    if not len(index):
        return
    question = index.entries[0]["question"]
    alike = float(
        (encode(index.encoder, [question], index.vectors.width) @ index.vectors.exact(np.array([0]))[0])[0]
    )
    if alike < _ALIKE:
        raise ValueError(
            f"the encoder gives {question!r:.40} a vector whose cosine with the saved one is {alike:.3f}: expected {_ALIKE} or more. It is "
            "another than the one that made the index, or was trained further; next: give that one, or build the index again"
        )


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "faq.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        if settings["format"] != FORMAT or settings["dtype"] not in ARRAYS:
            raise ValueError(f"format {settings['format']!r}, dtype {settings['dtype']!r}")
        check_backend(settings["backend"])
        for name, wanted in (("number", int), ("questions", int), ("graph", dict), ("max_characters", int)):
            if not isinstance(settings[name], wanted):
                raise ValueError(f"{name} is {settings[name]!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not one of FAQIndex.save ({error!r:.120}): expected format {FORMAT!r}"
        ) from error
    return settings


def _paths(folder: Path, dtype: str, number: int) -> dict[str, Path]:
    names = {name: f"{name}-{number}.npy" for name in (*ARRAYS[dtype], "ends", "firsts")}
    names |= {"questions": f"questions-{number}.jsonl", "graph": f"graph-{number}.bin"}
    return {name: folder / file for name, file in names.items()}
