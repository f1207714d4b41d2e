"""The ``zhnlp`` command: the package's functions with the same names and defaults, results to stdout or ``--out``.

One command a file. A file adds its command to `application.app` when it is imported; the order of the imports below is
the order of ``zhnlp --help``. What a command needs is imported when it runs, so that ``--help`` is quick.
"""

from __future__ import annotations

from zhnlp.cli.application import app

from zhnlp.cli import words, terms, segment, keywords, fill_mask, title, generate, surprise  # isort: skip  # noqa: F401
from zhnlp.cli import classify, encode, explain, evaluate, tasks, models  # isort: skip  # noqa: F401
from zhnlp.cli import evaluate_reading, read, search, generative  # isort: skip  # noqa: F401
from zhnlp.cli import train, train_title, train_reader, train_conditional, train_similarity, train_lm  # isort: skip  # noqa: F401

__all__ = ["app", "main"]


def main() -> None:
    """Run the command."""
    app()
