"""How much each character of a text surprises a causal language model, in nats and as a heat map.

Source: 苏剑林, https://kexue.fm/archives/7292 (the language models)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.metrics.language_model import count_characters

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_CONTEXT = 1024  # tokens of a window where the model reads more


class Surprise(dict):
    """What a text costs a language model; json can write it.

    Keys:
        text: your own string.
        characters: ``{"text", "start", "end", "nats"}`` of every character that a token covers, in order; the nats of a token
            are shared evenly among its characters, those of the tokens of one character are added up.
        tokens: the same of tokens, of which several may cover one character.
        nats: of the whole text, the sum of both; end: those of the end behind it (counted in ``nats``), or None.
        count: characters that are no white space.
        perplexity: exp(nats / count), 1 or more: among so many equally likely characters the model seems to choose;
        bits_per_character: its binary logarithm.
        unknown: characters that were read as [UNK], whose cost is too low.

    Example:
        >>> one = {"text": "电", "start": 0, "end": 1, "nats": log(8)}
        >>> found = Surprise.of("电", [one], end=None, unknown=0)
        >>> round(found["perplexity"], 6), round(found["bits_per_character"], 6), found.top(1)[0]["text"]
        (8.0, 3.0, '电')
    """

    @classmethod
    def of(
        cls, text: str, tokens: Sequence[Mapping[str, Any]], *, end: float | None, unknown: int
    ) -> Surprise:
        """From the nats of tokens."""
        nats = sum(token["nats"] for token in tokens) + (end or 0.0)
        count = count_characters(text)
        each = nats / count if count else 0.0
        return cls(
            text=text,
            characters=_share(text, tokens),
            tokens=[dict(token) for token in tokens],
            nats=nats,
            end=end,
            count=count,
            perplexity=exp(each) if each < 700 else float("inf"),
            bits_per_character=each / log(2),
            unknown=unknown,
        )

    def top(self, count: int = 5) -> list[dict[str, Any]]:
        """The characters that surprise most, first the most."""
        return sorted(self["characters"], key=lambda one: -one["nats"])[:count]

    def to_dict(self) -> dict[str, Any]:
        """A plain dict that json can write."""
        return dict(self)

    def to_text(self, *, color: bool | None = None, width: int | None = None) -> str:
        """The heat map for a terminal; without colours the share of the deepest, in ninths, below each character.

        Args:
            color: ANSI colours; None for a standard output that shows them.
            width: columns; None for those of the terminal.
        """
        from zhnlp.attribution.surprise_page import render_text

        return render_text(self, color=color, width=width)

    def to_html(
        self, path: str | Path | None = None, *, title: str | None = None, language: str = "en"
    ) -> str:
        """One self-contained HTML page with the heat map; for several texts see `render_surprise`.

        Args:
            path: a file to write too.
            title: heading of the page.
            language: "en" or "zh".
        """
        from zhnlp.attribution.surprise_page import render_surprise
        from zhnlp.text.files import write_whole

        page = render_surprise([self], title=title, language=language)
        if path is not None:
            write_whole(path, page)
        return page

    def __str__(self) -> str:
        return self.to_text()


def surprise(
    model: Any,
    texts: str | Sequence[str],
    *,
    tokenizer: PreTrainedTokenizerFast | None = None,
    end: bool = False,
    context: int | None = None,
    stride: int | None = None,
    batch_tokens: int | None = None,
    progress: bool = False,
) -> Any:
    """The `Surprise` of a text, or a list of them, by a causal language model.

    Each text begins behind the start token.  A text longer than the model reads slides through it, so that each character
    but the first has at least ``context - stride`` tokens before it.

    Args:
        model: shipped name, folder or Hub id; ``pipeline("text-generation")``, which keeps it loaded; or a model, with
            ``tokenizer``.
        end: whether the end of each text is paid for too, as in held-out scores of whole documents.
        context: tokens that are seen together; None for what the model reads, at most 1,024.
        stride: tokens that the next window is ahead; None for half of them.
        batch_tokens: tokens run at once; None for 4,096 on a CPU, 65,536 on a GPU.
        progress: a bar on stderr.

    Raises:
        TypeError: a model without its tokenizer, or something that is no text.
        ValueError: the model is no causal one, or the tokenizer has no token to begin from.

    Example:
        >>> found = surprise("zhnlp-gpt-small", "今天天气很好。")
        >>> [one["text"] for one in found["characters"]] == list("今天天气很好。")
        True
        >>> abs(sum(one["nats"] for one in found["characters"]) - found["nats"]) < 1e-9
        True
    """
    from zhnlp.models.batching import default_budget
    from zhnlp.models.length_limit import length_limit
    from zhnlp.models.token_nats import token_nats
    from zhnlp.text.characters import replace_surrogates
    from zhnlp.tokenizers.untruncated import encode_whole

    many = [texts] if isinstance(texts, str) else list(texts)
    if wrong := [type(one).__name__ for one in many if not isinstance(one, str)]:
        raise TypeError(f"surprise got {wrong[0]}: expected a str, or a list of str")
    network, tokenizer = _parts(model, tokenizer)
    first, last = _ends(tokenizer)
    encodings = [
        encoding
        for _, encoding in encode_whole(tokenizer, [replace_surrogates(one) for one in many], offsets=True)
    ]
    rows = [[first, *encoding.ids, *([last] if end else [])] for encoding in encodings]
    costs = token_nats(
        network,
        rows,
        context=context or min(length_limit(tokenizer, network.config), _CONTEXT),
        stride=stride,
        pad_id=tokenizer.pad_token_id or 0,
        batch_tokens=batch_tokens or default_budget(network.device),
        progress=progress,
    )
    found = []
    for text, encoding, nats in zip(many, encodings, costs):
        pieces = zip(encoding.offsets, nats.tolist())
        tokens = [
            {"text": text[begin:stop], "start": begin, "end": stop, "nats": cost}
            for (begin, stop), cost in pieces
        ]
        unknown = sum(
            stop - begin
            for number, (begin, stop) in zip(encoding.ids, encoding.offsets)
            if number == tokenizer.unk_token_id
        )
        found.append(Surprise.of(text, tokens, end=float(nats[-1]) if end else None, unknown=unknown))
    return found[0] if isinstance(texts, str) else found


def _share(text: str, tokens: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The nats of tokens on the characters that they cover; one that covers none goes to the next character, or the last."""
    nats: dict[int, float] = {}
    waiting = 0.0
    for token in tokens:
        start, end = token["start"], token["end"]
        if start >= end:
            waiting += token["nats"]
            continue
        for place in range(start, end):
            nats[place] = nats.get(place, 0.0) + token["nats"] / (end - start)
        nats[start] += waiting
        waiting = 0.0
    if waiting and nats:
        nats[max(nats)] += waiting
    return [
        {"text": text[place], "start": place, "end": place + 1, "nats": nats[place]} for place in sorted(nats)
    ]


def _parts(
    model: Any, tokenizer: PreTrainedTokenizerFast | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Network and tokenizer of what was given."""
    if isinstance(model, (str, Path)):
        from zhnlp import tokenizers
        from zhnlp.models.loading import load_model

        network = load_model(model, "causal-lm")
        tokenizer = tokenizers.load(model) if tokenizer is None else tokenizer
        tokenizers.repair(tokenizer, network)
        return network, tokenizer
    if tokenizer is None and hasattr(model, "tokenizer") and hasattr(model, "model"):  # a pipeline
        return model.model, model.tokenizer
    if tokenizer is None:
        raise TypeError(
            f"surprise got {type(model).__name__} without tokenizer=: expected both, a name, or pipeline('text-generation')"
        )
    return model, tokenizer


def _ends(tokenizer: PreTrainedTokenizerFast) -> tuple[int, int]:
    """Ids before and behind a text."""
    last = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else last
    if first is None:
        raise ValueError(
            "the tokenizer has neither a start nor an end token: expected one to begin from. Next: tokenizer.bos_token = …"
        )
    return first, first if last is None else last
