"""What `mine_words.py` is asked to do: flags and a TOML or JSON file, checked before anything is read.

Run: python pipelines/mine_words.py --help
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

from zhnlp import Corpus, WordDiscoverer, __version__

READING = {"text_field": str, "encoding": str, "unit": str, "duplicates": str, "strict": bool}
MINING = {
    **{"method": str, "max_length": int, "min_count": int, "min_score": float, "runs": str},
    **{"reference": str, "new_only": bool, "top": int},
}
RUNNING = {"memory": str, "threads": int, "workdir": str}  # no influence on the table
OPTIONS = {**READING, **MINING, **RUNNING}


class WrongConfig(ValueError):
    """The command or the configuration has a mistake that the user can mend."""


@dataclass
class Job:
    """One corpus: a name, files or patterns, the options that differ from `zhnlp words`' defaults."""

    name: str
    files: list[str]
    options: dict[str, Any] = field(default_factory=dict)

    def corpus(self) -> Corpus:
        return Corpus.from_paths(self.files, **self._of(READING))

    def discoverer(self, **running: Any) -> WordDiscoverer:
        mining = self._of(MINING)
        if mining.get("reference") == "none":
            mining["reference"] = None
        return WordDiscoverer(**mining, threads=self.options.get("threads"), progress=False, **running)

    def check(self) -> None:
        """Refuse what can be seen to be wrong before anything is read.

        Raises:
            WrongConfig: an option is out of its range.
        """
        from zhnlp.mining.out_of_core import parse_memory

        if "-" in self.files:
            raise WrongConfig(
                f"corpus {self.name!r} reads standard input, which no later run can check: expected files"
            )
        try:
            Corpus.from_paths(BytesIO(), **self._of(READING))
            self.discoverer()
            if "memory" in self.options:
                parse_memory(self.options["memory"])
        except (ValueError, TypeError, OSError) as error:
            raise WrongConfig(f"corpus {self.name!r}: {error}") from None

    def fingerprint(self, corpus: Corpus) -> str:
        """Changes with the input files, the reference and every option that the table depends on."""
        reference = Path(self.options.get("reference", "jieba"))
        stat = reference.stat() if reference.is_file() else None
        key = [
            *(__version__, corpus.fingerprint(), self._of(MINING)),
            stat and [stat.st_size, stat.st_mtime_ns],
        ]
        return blake2b(json.dumps(key, sort_keys=True).encode(), digest_size=16).hexdigest()

    def _of(self, kinds: dict[str, type]) -> dict[str, Any]:
        return {name: value for name, value in self.options.items() if name in kinds}


def read_config(path: Path) -> dict[str, Any]:
    """A TOML or JSON file as plain tables.

    Raises:
        WrongConfig: it is not there, cannot be parsed, or Python is too old for TOML.
    """
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".json":
            config = json.loads(text)
        else:
            config = _toml().loads(text)
    except OSError as error:
        raise WrongConfig(f"{path}: {error.strerror}. Next: ls {path.parent}") from None
    except ValueError as error:  # what both parsers and the decoder raise
        raise WrongConfig(
            f"{path} cannot be read ({error}): expected TOML, or JSON in a file ending in .json"
        ) from None
    if not isinstance(config, dict):
        raise WrongConfig(f"{path} holds a {type(config).__name__}: expected tables")
    return config


def _toml() -> Any:
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        try:
            import tomli as tomllib
        except ModuleNotFoundError:
            raise WrongConfig(
                "Python 3.10 cannot read TOML: expected 3.11 or later, or tomli. "
                "Next: pip install tomli, or write the same tables as JSON into a file ending in .json"
            ) from None
    return tomllib


def jobs_of(config: dict[str, Any], folder: Path) -> list[Job]:
    """The jobs of a configuration, whose paths begin at ``folder``.

    Raises:
        WrongConfig: a table or a key is not known, or has the wrong type.
    """
    _known(config, ("out", "defaults", "corpora"), "the configuration")
    for part in ("defaults", "corpora"):
        if not isinstance(config.get(part, {}), dict):
            raise WrongConfig(f"{part} is {config[part]!r:.60}: expected a table, [{part}]")
    defaults = checked_options(config.get("defaults", {}), "[defaults]", folder)
    jobs = []
    for name, table in config.get("corpora", {}).items():
        where = f"[corpora.{name}]"
        if not isinstance(table, dict):
            raise WrongConfig(f"{where} is {table!r:.60}: expected a table with files = […]")
        files = table.get("files")
        files = [files] if isinstance(files, str) else files
        if not isinstance(files, list) or not files or not all(isinstance(file, str) for file in files):
            raise WrongConfig(
                f'{where} has files = {table.get("files")!r:.60}: expected names or patterns, files = ["news/*.txt"]'
            )
        own = checked_options({key: value for key, value in table.items() if key != "files"}, where, folder)
        jobs.append(Job(name, [_at(folder, file) for file in files], {**defaults, **own}))
    return jobs


def checked_options(options: dict[str, Any], where: str, folder: Path) -> dict[str, Any]:
    """The options with paths made whole and types checked."""
    _known(options, tuple(OPTIONS), where)
    result = {}
    for name, value in options.items():
        kind = OPTIONS[name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise WrongConfig(f"{where} has {name} = {value!r:.60}: expected {kind.__name__}")
        if name == "workdir" or (name == "reference" and value not in ("jieba", "none")):
            value = _at(folder, value)
        result[name] = value
    return result


def _known(table: dict[str, Any], names: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in names:
            near = get_close_matches(str(key), names, 3, 0.5) or names
            raise WrongConfig(f"{where} has the key {key!r}: expected one of {', '.join(near)}")


def _at(folder: Path, name: str) -> str:
    return name if name == "-" else str(folder / Path(name).expanduser())


def parse(arguments: list[str] | None) -> tuple[list[Job], Path, bool]:
    """The jobs, where they go, and whether finished ones are done again.

    Raises:
        WrongConfig: there is a mistake in the configuration or in a flag.
    """
    parser = argparse.ArgumentParser(
        prog="mine_words.py",
        description="Mine the words of many corpora in one batch.",
        epilog="Example: python pipelines/mine_words.py pipelines/mine_words.example.toml",
    )
    parser.add_argument("config", nargs="?", type=Path, help="TOML or JSON with a table for each corpus")
    parser.add_argument("--corpus", action="append", default=[], metavar="NAME=PATTERN[,PATTERN…]")
    parser.add_argument("--out", type=Path, help="folder of the results (default: mined)")
    parser.add_argument("--force", action="store_true", help="mine finished corpora again")
    for name, kind in OPTIONS.items():
        how = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        parser.add_argument(f"--{name.replace('_', '-')}", default=None, help="for every corpus", **how)
    given = vars(parser.parse_args(arguments))
    here = Path()
    config, jobs, out = given["config"], [], here / "mined"
    if config is not None:
        content = read_config(config)
        jobs = jobs_of(content, config.parent)
        if "out" in content:
            if not isinstance(content["out"], str):
                raise WrongConfig(f"out is {content['out']!r:.60}: expected the name of a folder")
            out = Path(_at(config.parent, content["out"]))
    for text in given["corpus"]:
        name, equals, patterns = text.partition("=")
        files = [pattern for pattern in patterns.split(",") if pattern]
        if not equals or not files:
            raise WrongConfig(f"--corpus {text!r}: expected name=pattern[,pattern…], as news='news/*.txt'")
        jobs.append(Job(name, files))
    if not jobs:
        raise WrongConfig("no corpus was named: expected a configuration, or --corpus name=pattern")
    flags = {name: given[name] for name in OPTIONS if given[name] is not None}
    flags = checked_options(flags, "the command", here)
    names = [job.name for job in jobs]
    for job in jobs:
        if not re.fullmatch(r"\w[\w.-]*", job.name) or names.count(job.name) > 1:
            raise WrongConfig(
                f"the corpus name {job.name!r} is {'given twice' if names.count(job.name) > 1 else 'no folder name'}: "
                "expected letters, digits, _, - and ., each name once"
            )
        job.options = {**job.options, **flags}
        job.check()
    return jobs, given["out"] or out, given["force"]
