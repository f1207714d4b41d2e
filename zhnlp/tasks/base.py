"""What all pipelines share: one text gives one result, a list a list, an iterator a generator, in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar


class Pipeline:
    """A task that can be called on texts; subclasses say what happens to one text in `run`."""

    task: ClassVar[str]

    @classmethod
    def help(cls) -> str:
        """What the task does, its options and an example."""
        signature = str(inspect.signature(cls)).replace("'", "")
        return f"pipeline({cls.task!r})\n{cls.__name__}{signature}\n\n{inspect.getdoc(cls)}"

    def run(self, text: str) -> Any:
        """The result of one text."""
        raise TypeError(f"{type(self).__name__} is not called on single texts")

    def __call__(self, texts: str | Iterable[str]) -> Any:
        """Run on a text, a list or tuple of texts, or an iterator of texts.

        Raises:
            TypeError: what was given is no text.
        """
        return self._deliver(texts, self._each)

    def _deliver(self, texts: Any, each: Callable[[Iterable[Any]], Iterator[Any]]) -> Any:
        """One result, a list or a generator, as ``texts`` is; ``each`` makes the results of many."""
        if isinstance(texts, str):
            (result,) = each([texts])
            return result
        if isinstance(texts, (bytes, Path, Mapping)) or not isinstance(texts, Iterable):
            raise TypeError(
                f"{self.task} got {type(texts).__name__}: expected a str or an iterable of str. "
                "Next: read files with zhnlp.Corpus.from_paths(...)"
            )
        return list(each(texts)) if isinstance(texts, (list, tuple)) else each(texts)

    def _each(self, texts: Iterable[str]) -> Iterator[Any]:
        for text in self._checked(texts):
            yield self.run(text)

    def _checked(self, texts: Iterable[Any]) -> Iterator[str]:
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"{self.task} got {type(text).__name__} as text {number}: expected str")
            yield text
