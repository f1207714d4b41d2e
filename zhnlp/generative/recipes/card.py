"""What a recipe's docstring says of it: title, command, claim, minutes, posts.  It is read without running the recipe.

First line: the title.

    zhnlp generative run 5253 --out …          the command; the word behind "run" is the recipe's short name

Claim: one sentence or more,
until a line that begins with "Minutes: " and a number, of one core with all seeds.

Source: https://kexue.fm/archives/5253, …      the first address is the recipe's post
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ADDRESS = re.compile(r"https://kexue\.fm/archives/(\d+)")
COMMAND = re.compile(r"^ +(zhnlp generative run \w+)", re.M)
CLAIM = re.compile(r"^Claim: (.+?)\nMinutes: (\d+)\b", re.M | re.S)


@dataclass(frozen=True)
class Card:
    """A recipe in a few words.

    Attributes:
        title: without a full stop.
        claim: of the post, as the recipe puts it to the test.
        minutes: of one quiet core, all seeds.
        posts: numbers; the first is the recipe's own.
        command: ``zhnlp generative run …``.
    """

    title: str
    claim: str
    minutes: int
    posts: tuple[int, ...]
    command: str

    @classmethod
    def of(cls, doc: str) -> Card:
        """The card of a docstring.

        Raises:
            ValueError: something is missing.

        Example:
            >>> doc = '''A title.
            ...
            ...     zhnlp generative run 1234
            ...
            ... Claim: it
            ... works.
            ... Minutes: 2, all seeds on one core.
            ...
            ... Source: https://kexue.fm/archives/1234
            ... '''
            >>> Card.of(doc)
            Card(title='A title', claim='it works.', minutes=2, posts=(1234,), command='zhnlp generative run 1234')
        """
        posts, command, claim = ADDRESS.findall(doc), COMMAND.search(doc), CLAIM.search(doc)
        missing = {
            "https://kexue.fm/archives/NNNN": posts,
            "    zhnlp generative run NAME": command,
            "Claim: … and a line Minutes: N": claim,
        }
        for expected, found in missing.items():
            if not found:
                raise ValueError(f"the recipe's docstring lacks {expected!r}: expected what card.py lists")
        title = doc.strip().splitlines()[0].rstrip(".")
        return cls(title, " ".join(claim[1].split()), int(claim[2]), tuple(map(int, posts)), command[1])

    @property
    def post(self) -> int:
        """The recipe's own post."""
        return self.posts[0]

    @property
    def address(self) -> str:
        """Of that post."""
        return f"https://kexue.fm/archives/{self.post}"
