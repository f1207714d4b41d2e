"""Verse in form: so many lines of so many characters, the marks behind them, and rhyme.

N hypotheses, L tokens before the next one, V vocabulary, H Han characters, C rhyme classes.  A poem of M lines of K characters has
M (K + 1) places, marks included; the place decides what kind of token may come, and what has been written which of that kind.

With R rhyme words still to come, a poem can be completed if and only if one class, shared by all rhyme words so far, has R characters
left that are no rhyme words yet and may still be used.  Every token is checked to leave it so; hence a poem that was begun in form
can always go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from zhnlp.text.characters import is_han

COMMA, STOP = "，", "。"
_HAN, _COMMA, _STOP, _END, _OTHER = range(5)
_NAMES = ("a Han character", COMMA, STOP, "the end token", "nothing")


class Verse:
    """A processor for `zhnlp.decoding.generate` that lets only poems of a form be written, and ends them.

    Odd lines end in a comma and even ones in a full stop; the end token comes behind the last, and nowhere else.  The last characters
    of even lines rhyme: one class holds all of them, and none comes twice.  The scores of what may come stay as they are, so it goes
    with greedy search, sampling and beams; each row is judged by its own tokens.

    What else forbids tokens (``forbidden``, a model that gives -inf) is not known here: leave such tokens out of ``characters``.
    Give `generate` at least ``tokens`` as ``max_new_tokens``.

    Args:
        lines: M, an even number.
        length: K characters of a line, such as 5 or 7.
        characters: id → what it says, of tokens of one character; of these the Han characters stand in lines, and 「，」 and 「。」
            behind them.
        end: id of the end token.
        rhymes: id → the rhyme class or classes of its character, none for no rhyme word; None for verse without rhyme.
        first_line: whether the first line rhymes too.
        most: times that a character may stand in a poem; None for any number.
        start: column at which the poem begins in the tokens that `generate` shows to processors: the length of a prefix of titles
            (padded on the left), 0 where the prefix is the beginning of the poem.
        after: in place of ``start``, an id behind whose last occurrence the poem begins, for rows that begin at different columns.

    Attributes:
        tokens: that a poem has, its end included.

    Raises:
        ValueError: an argument is out of its range, or no poem of the form can be made of the characters.

    Example:
        >>> from zhnlp.decoding import StepOutput, generate
        >>> said = dict(enumerate("天地玄黄荒唐，。", start=1))
        >>> verse = Verse(2, 3, said, end=0, rhymes={4: "ang", 5: "ang", 6: "ang"}, first_line=True, most=1)
        >>> def step(tokens, cache):  # which would write 天 for ever
        ...     return StepOutput(-torch.arange(9.0).sub(1).abs().expand(len(tokens), 9), None)
        >>> [[best]] = generate(step, torch.tensor([[0]]), end=0, max_new_tokens=verse.tokens, processors=[verse],
        ...                     count_prefix=False)
        >>> "".join(said[token] for token in best.tokens), best.ended
        ('天地黄，玄荒唐。', True)
    """

    def __init__(
        self,
        lines: int,
        length: int,
        characters: Mapping[int, str],
        *,
        end: int,
        rhymes: Mapping[int, str | Iterable[str] | None] | None = None,
        first_line: bool = False,
        most: int | None = None,
        start: int = 0,
        after: int | None = None,
    ):
        for name, value, least in (("lines", lines, 2), ("length", length, 1), ("most", most or 1, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )
        if lines % 2 or most == 0 or start < 0:
            raise ValueError(
                f"lines={lines}, most={most}, start={start}: expected an even number of lines, 1 or more, and 0 or more"
            )
        if after is not None and start:
            raise ValueError(f"start={start} and after={after}: expected one of them")
        self.lines, self.length, self.most, self.first_line = lines, length, most, first_line
        self.start, self.after, self.end = start, after, end
        self.places = lines * (length + 1)
        self.tokens = self.places + 1
        self._characters = {token: said for token, said in characters.items() if token != end}
        self._han = sorted({said for said in self._characters.values() if is_han(said) and len(said) == 1})
        self._classes = None if rhymes is None else self._read_rhymes(rhymes)
        self._tables: dict[tuple[int, torch.device], _Tables] = {}
        self._check_vocabulary()

    @property
    def rhyming(self) -> int:
        """Rhyme words of a poem."""
        return 0 if self._classes is None else self.lines // 2 + self.first_line

    def __call__(self, tokens: Tensor, scores: Tensor) -> Tensor:
        """The scores (N, V) with -inf for what may not come behind ``tokens`` (N, L).

        Raises:
            ValueError: no row is the beginning of a poem of the form.
        """
        tables = self._tables_for(scores)
        state = self._state(tokens, tables)
        if bool(state.broken.all()):  # a beam search may bring dead rows along, but never those alone
            self.check(tokens)
        han = torch.cat(
            [self._next_characters(state, tables), torch.zeros_like(state.broken)[:, None]], dim=1
        )
        kind = self._kind_at(state.place)[:, None]  # (N, 1)
        may = torch.where(kind == _HAN, han[:, tables.number], tables.kind == kind)
        return scores.masked_fill(~may | state.broken[:, None], -torch.inf)

    def check(self, tokens: Tensor) -> None:
        """Refuse tokens (N, L) of which a row is no beginning of a poem, or of none that can be completed.

        Raises:
            ValueError: with the row and what is wrong with it.
        """
        size = max([*self._characters, self.end, *tokens.flatten().tolist()]) + 1
        tables = self._tables_for(torch.empty(0, size, device=tokens.device))
        state = self._state(tokens, tables)
        for row in state.broken.nonzero()[:, 0].tolist():
            raise ValueError(self._fault(row, tokens, state, tables))

    # --- what has been written -------------------------------------------------------------------------------------

    def _kind_at(self, place: Tensor) -> Tensor:
        """What stands at a place of a poem."""
        mark = torch.where(place // (self.length + 1) % 2 == 0, _COMMA, _STOP)
        kind = torch.where(place % (self.length + 1) < self.length, _HAN, mark)
        return kind.masked_fill(place == self.places, _END).masked_fill(place > self.places, _OTHER + 1)

    def _rhymes_at(self, place: Tensor) -> Tensor:
        """Whether a place of a poem is that of a rhyme word."""
        line, column = place // (self.length + 1), place % (self.length + 1)
        ends = (line % 2 == 1) | ((line == 0) & self.first_line)
        return ends & (column == self.length - 1) & (place >= 0) & (place < self.places)

    def _state(self, tokens: Tensor, tables: _Tables) -> _State:
        rows, columns = tokens.shape
        starts = torch.full((rows,), self.start, device=tokens.device)
        lost = starts > columns
        if self.after is not None:
            behind = torch.arange(columns + 1, device=tokens.device)
            starts = (torch.nn.functional.pad(tokens == self.after, (1, 0)) * behind).amax(1)
            lost = starts == 0
        at = torch.arange(columns, device=tokens.device) - starts[:, None]  # (N, L), below 0 before the poem
        kind = tables.kind[tokens]
        wrong = (at >= 0) & (kind != self._kind_at(at.clamp(min=0)))
        size = len(self._han)
        number = tables.number[tokens]
        own = torch.where(at >= 0, number, size)
        counts = torch.zeros(rows, size + 1, device=tokens.device).scatter_add_(
            1, own, torch.ones_like(own, dtype=torch.float)
        )[:, :size]
        broken = lost | wrong.any(1) | (starts + self.places < columns)
        full = torch.zeros_like(counts, dtype=torch.bool) if self.most is None else counts >= self.most
        if self.most is not None:
            broken = broken | (counts > self.most).any(1)
        place = columns - starts
        if not self.rhyming:
            return _State(place, counts, full, wrong, broken)
        ends = self._rhymes_at(at)  # (N, L)
        words = torch.zeros(rows, size + 1, dtype=torch.bool, device=tokens.device)
        words = words.scatter_(1, torch.where(ends, own, size), True)[:, :size]
        written = ends.sum(1)
        shared = (words.float() @ tables.member) == written[:, None]  # (N, C)
        left = self.rhyming - written
        free = ~words & ~full
        room = free.float() @ tables.member  # (N, C)
        fits = shared & (room >= left[:, None])
        broken = broken | ~fits.any(1) | (words.sum(1) < written)
        spare = (shared & (room > left[:, None])).any(1)
        return _State(place, counts, full, wrong, broken, free, fits, spare, left)

    def _next_characters(self, state: _State, tables: _Tables) -> Tensor:
        """The Han characters (N, H) that may come next."""
        may = ~state.full
        if state.fits is None:
            return may
        of_fitting = state.fits.float() @ tables.member.T  # (N, H) classes that fit and hold the character
        if self.most is not None:  # the last use of a rhyme word that is needed
            last = state.free & (state.counts == self.most - 1) & (state.left > 0)[:, None]
            elsewhere = state.fits.sum(1, keepdim=True) > of_fitting
            may = may & (~last | state.spare[:, None] | elsewhere)
        return torch.where(self._rhymes_at(state.place)[:, None], state.free & (of_fitting > 0), may)

    # --- the vocabulary --------------------------------------------------------------------------------------------

    def _read_rhymes(self, rhymes: Mapping[int, str | Iterable[str] | None]) -> dict[str, set[str]]:
        """Class → its characters."""
        classes: dict[str, set[str]] = {}
        known = set(self._han)
        for token, given in rhymes.items():
            if (said := self._characters.get(token)) in known:
                for name in (given,) if isinstance(given, str) else given or ():
                    classes.setdefault(name, set()).add(said)
        return classes

    def _check_vocabulary(self) -> None:
        missing = [mark for mark in (COMMA, STOP) if mark not in self._characters.values()]
        if missing:
            raise ValueError(
                f"characters lack {' and '.join(missing)}: expected a token of each. Likely the tokenizer folds them into , and ."
            )
        needed = self.lines * self.length
        if not self._han or (self.most is not None and len(self._han) * self.most < needed):
            raise ValueError(
                f"{len(self._han):,} Han characters, each at most {self.most} times, do not make a poem of {needed}: expected more. "
                "Likely the tokens are no single characters. Next: a larger most="
            )
        if self._classes is not None:
            largest = max(map(len, self._classes.values()), default=0)
            if largest < self.rhyming:
                raise ValueError(
                    f"no rhyme class has more than {largest} of the {len(self._han):,} characters: expected {self.rhyming}, as many as a "
                    "poem has rhyme words. Next: rhymes= of more tokens, or None for verse without rhyme"
                )

    def _tables_for(self, scores: Tensor) -> _Tables:
        key = scores.shape[1], scores.device
        if key not in self._tables:
            self._tables[key] = self._make_tables(*key)
        return self._tables[key]

    def _make_tables(self, size: int, device: torch.device) -> _Tables:
        largest = max([*self._characters, self.end])
        if largest >= size or min([*self._characters, self.end]) < 0:
            raise ValueError(
                f"characters hold the token {largest:,}, but the step scores {size:,} tokens: expected 0 to {size - 1:,}. The "
                "tokenizer is likely not the model's"
            )
        places = {said: number for number, said in enumerate(self._han)}
        number, kind = torch.full((size,), len(places)), torch.full((size,), _OTHER)
        for token, said in self._characters.items():
            if said in places:
                number[token], kind[token] = places[said], _HAN
            elif said in (COMMA, STOP):
                kind[token] = _COMMA if said == COMMA else _STOP
        kind[self.end] = _END
        member = torch.zeros(len(places), len(self._classes or ()))
        for column, said in enumerate((self._classes or {}).values()):
            member[[places[one] for one in said], column] = 1
        return _Tables(number.to(device), kind.to(device), member.to(device))

    def _fault(self, row: int, tokens: Tensor, state: _State, tables: _Tables) -> str:
        begin = f"row {row} cannot become a poem of {self.lines} lines of {self.length} characters"
        if self.after is not None and not bool((tokens[row] == self.after).any()):
            return f"{begin}: the token {self.after}, behind which it begins, is missing. Next: put it at the end of the prefix"
        place = int(state.place[row])
        if place < 0:
            return f"{begin}: it begins at column {self.start} of {tokens.shape[1]}. Next: start= the length of what stands before"
        if bool(state.wrong[row].any()):
            column = int(state.wrong[row].nonzero()[0])
            at = column - (tokens.shape[1] - place)
            token = int(tokens[row, column])
            said = self._characters.get(token, "of no known character")
            kind = _NAMES[min(int(self._kind_at(torch.tensor(at))), _OTHER)]
            return (
                f"{begin}: its token {at + 1} is {token} ({said}): expected {kind}. Likely the poem begins elsewhere. Next: start= the "
                "column where it begins, or after= the token before it"
            )
        if place > self.places:
            return f"{begin}: it has {place} tokens, its end among them: expected at most {self.places} to go on from"
        if self.most is not None and bool((state.counts[row] > self.most).any()):
            said = self._han[int(state.counts[row].argmax())]
            return f"{begin}: {said} stands in it {int(state.counts[row].max())} times: expected at most most={self.most}"
        return (
            f"{begin}: its rhyme words do not rhyme, one of them comes twice, or too few characters are left that rhyme with them. "
            "Next: another beginning, or rhymes=None"
        )


class _Tables(NamedTuple):
    """The vocabulary as tensors."""

    number: Tensor  # (V,) of the Han character, H for other tokens
    kind: Tensor  # (V,)
    member: Tensor  # (H, C), 1 where a class holds a character


class _State(NamedTuple):
    """How far each row is."""

    place: Tensor  # (N,) that comes next
    counts: Tensor  # (N, H) of each character
    full: Tensor  # (N, H), true for characters that may not come again
    wrong: Tensor  # (N, L), true for tokens that are not of the form
    broken: Tensor  # (N,), true for rows that cannot be completed
    free: Tensor | None = None  # (N, H), true for characters that may become rhyme words
    fits: Tensor | None = None  # (N, C), true for classes that a poem can be completed in
    spare: Tensor | None = None  # (N,), true where one of them has a character more than is needed
    left: Tensor | None = None  # (N,) rhyme words to come
