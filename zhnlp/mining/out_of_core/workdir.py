"""The folder of one out-of-core job: whose it is, how far it has come, and who works in it now."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zhnlp.mining.out_of_core.durable import write_json

FORMAT = 1
MANIFEST, LOCK = "manifest.json", "lock"
ENCODE, COUNT, DONE = "encode", "count", "done"
# The files of a job, as patterns; COLUMNS of assembly.py are the arrays.  Nothing else in the folder is ever removed.
_OURS = (
    *(
        "identities.bin",
        "starts.bin",
        "symbols.bin",
        "encoder.npz",
        "alphabet.json",
        "corpus.json",
        "part-*.bin",
    ),
    *(
        f"{name}.npy"
        for name in ("symbol", "count", "first_child", "children", "left_entropy", "right_entropy")
    ),
    *(f"{name}.npy" for name in ("parent", "suffix", "depth", "pmi")),
    *("*.unfinished", MANIFEST),
)


class Workdir:
    """The manifest of a job and its folder.

    Args:
        folder: an empty or missing folder, or one that an earlier run of the same job left behind.
        fingerprint: changes with the corpus; None means unknown, so that nothing can be used again.
        parameters: what the result depends on besides the corpus.

    Raises:
        ValueError: the folder holds other files, or a job on another corpus, with other parameters, or of
            another version of the format.
    """

    def __init__(self, folder: Path, fingerprint: str | None, parameters: dict[str, Any]):
        self.folder = folder
        self.manifest: dict[str, Any] = {}
        path = folder / MANIFEST
        found = _read_manifest(path)
        if found is not None and fingerprint is not None:
            self._check(found, fingerprint, parameters)
            self.manifest = found
            return
        foreign = [entry.name for entry in folder.iterdir() if entry.name != LOCK]
        if found is None and foreign:
            raise ValueError(
                f"workdir got {str(folder)!r}, which holds other files ({', '.join(sorted(foreign)[:3])}), expected an "
                "empty folder or one that an earlier run left behind: give a folder of its own"
            )
        self.clear()
        self.update(
            format=FORMAT,
            fingerprint=fingerprint,
            parameters=parameters,
            stage=ENCODE,
            symbols=0,
            documents=0,
        )

    def _check(self, found: dict, fingerprint: str, parameters: dict) -> None:
        advice = f"Give another workdir, or delete {str(self.folder)!r} to begin anew"
        if found["format"] != FORMAT:
            raise ValueError(
                f"workdir {str(self.folder)!r} has format {found['format']}, this version reads {FORMAT}. {advice}"
            )
        if found["fingerprint"] != fingerprint:
            raise ValueError(
                f"workdir {str(self.folder)!r} belongs to another corpus (fingerprint {found['fingerprint']}, this one has "
                f"{fingerprint}): the files, their times or the reading options differ. {advice}"
            )
        if found["parameters"] != parameters:
            differ = [
                f"{name}={found['parameters'].get(name)!r} there, {name}={value!r} now"
                for name, value in parameters.items()
                if found["parameters"].get(name) != value
            ]
            raise ValueError(
                f"workdir {str(self.folder)!r} belongs to a job with other parameters ({'; '.join(differ)}). {advice}"
            )

    @property
    def stage(self) -> str:
        """What has to be done next: ENCODE, COUNT, or DONE when nothing has."""
        return self.manifest["stage"]

    def update(self, **entries: Any) -> None:
        """Change entries of the manifest, all or none."""
        manifest = self.manifest | entries
        write_json(self.folder / MANIFEST, manifest)
        self.manifest = manifest

    def clear(self) -> None:
        """Remove all files of a job, and no other file."""
        for pattern in _OURS:
            for path in self.folder.glob(pattern):
                path.unlink()
        self.manifest = {}


def _read_manifest(path: Path) -> dict | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    known = isinstance(found, dict) and {"format", "fingerprint", "parameters", "stage"} <= found.keys()
    return found if known else None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of ``folder``; the system lifts the lock when this process ends, even killed.

    Raises:
        RuntimeError: another process works there.
    """
    with (folder / LOCK).open("a+") as file:
        try:
            _lock(file)
        except OSError:
            file.seek(0)
            raise RuntimeError(
                f"workdir {str(folder)!r} is in use by process {file.read().strip() or 'unknown'}: wait until it ends, or "
                "give another workdir"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock(file) -> None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        import msvcrt

        file.seek(1 << 20)  # a byte behind the text, so that others can still read the text
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
