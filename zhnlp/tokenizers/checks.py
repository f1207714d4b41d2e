"""Does a tokenizer fit its checkpoint, and does it know Chinese: sizes, [UNK] on a probe, case, width, special tokens."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zhnlp.text.characters import is_han
from zhnlp.tokenizers.alignment import is_only_blank
from zhnlp.tokenizers.embedding_rows import embedding_rows
from zhnlp.tokenizers.keep import cuts_characters
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

# The commonest characters of modern written Chinese and its signs: no vocabulary that knows Chinese lacks them.
PROBE = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好"
    "都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法"
    "此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再"
    "平真听世气信北少关并内加化由却代军产入先山五太水万市，。"
)
MOSTLY = 0.5  # share of [UNK] from which a tokenizer is refused
OFTEN = 0.02  # share of [UNK] from which it is warned of
MANY = 0.05  # share of whole words from which a vocabulary is one of words
PADDED_TO = 8  # rows beyond the vocabulary may be padding where the number of all rows divides by this,
PADDING = 0.03  # … and they are no more than this share of all (DeepSeek: 2.3 %),
PADDING_OF_SMALL = 128  # … or than this many
FEW = 8  # so many are padding in any case


@dataclass(frozen=True)
class TokenizerReport:
    """What `check` found; printing it gives a line for each fact.

    Attributes:
        name: of the tokenizer, as it was asked for.
        kind: class and algorithm.
        entries: size of the vocabulary: the largest id plus one.
        rows: rows of the embedding, None where nothing tells.
        rows_source: where ``rows`` was read.
        unknown: share of the probe's characters that no piece but [UNK] covers, 0 to 1.
        unknown_characters: up to 20 of these characters.
        case: "folded", "kept", or "capitals become [UNK]".
        width: what happens to full-width letters and digits: "folded", "kept" or "[UNK]".
        blanks: "kept" or "dropped".
        special_tokens: role → (token, id).
        warnings: what is odd, but works.
        errors: what is refused.
    """

    name: str
    kind: str
    entries: int
    rows: int | None
    rows_source: str
    unknown: float
    unknown_characters: str
    case: str
    width: str
    blanks: str
    special_tokens: dict[str, tuple[str, int]]
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = "not known" if self.rows is None else f"{self.rows:,} ({self.rows_source})"
        roles = ", ".join(
            f"{role.removesuffix('_token')} {token} {number}"
            for role, (token, number) in self.special_tokens.items()
        )
        lines = [
            f"{self.name}: {self.kind}",
            f"  vocabulary      {self.entries:,} entries",
            f"  embedding rows  {rows}",
            f"  [UNK] on probe  {self.unknown:.1%}"
            + (f"  {self.unknown_characters}" if self.unknown_characters else ""),
            f"  case            {self.case}",
            f"  full width      {self.width}",
            f"  blanks          {self.blanks}",
            f"  special tokens  {roles or 'none'}",
        ]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  error: {error}" for error in self.errors]
        return "\n".join(lines)


def check(
    tokenizer: PreTrainedTokenizerFast, model: Any = None, *, name: str | None = None, strict: bool = True
) -> TokenizerReport:
    """Check that a tokenizer fits a checkpoint and is not mostly [UNK] on common characters.

    A vocabulary larger than the embedding is refused. More rows in the embedding are padding, and allowed, where they are
    at most 8, or where all rows divide by 8 and those beyond are at most 128 or 3 %; anything else is the vocabulary of
    another checkpoint, and refused.

    Args:
        tokenizer: a fast tokenizer.
        model: a model, a configuration or a folder (weights stay on disk); None: sizes are not compared.
        name: what messages call the tokenizer.
        strict: raise what is wrong; otherwise it stands in ``report.errors`` only.

    Raises:
        ValueError: it does not fit, or is mostly [UNK] (``strict`` only).

    Example:
        >>> from zhnlp.tokenizers import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab([PROBE], min_count=1, min_sign=1, latin_pieces=0))
        >>> report = check(tokenizer, name="mine")
        >>> report.unknown, report.case, report.width
        (0.0, 'kept', 'folded')
        >>> check(tokenizer, {"vocab_size": 100})
        Traceback (most recent call last):
        ValueError: the tokenizer: vocabulary has 321 entries, the embedding 100 rows (the configuration)...
    """
    name = name or "the tokenizer"
    vocabulary = tokenizer.get_vocab()
    entries = max(vocabulary.values(), default=-1) + 1
    rows = None if model is None else embedding_rows(model)
    unknown = unknown_characters(tokenizer, PROBE)
    case, width = _case(tokenizer), _width(tokenizer)
    special = {
        role: (token, tokenizer.convert_tokens_to_ids(token))
        for role, token in tokenizer.special_tokens_map.items()
        if isinstance(token, str)
    }
    report = TokenizerReport(
        name=name,
        kind=f"{type(tokenizer).__name__}, {type(tokenizer.backend_tokenizer.model).__name__}",
        entries=entries,
        rows=None if rows is None else rows.rows,
        rows_source="" if rows is None else rows.source,
        unknown=len(unknown) / len(PROBE),
        unknown_characters="".join(unknown[:20]),
        case=case,
        width=width,
        blanks="kept" if _ids(tokenizer, "的 的") != _ids(tokenizer, "的的") else "dropped",
        special_tokens=special,
    )
    report.errors.extend(_errors(report))
    report.warnings.extend(_warnings(report))
    words = _whole_words(tokenizer, vocabulary)
    if words >= MANY * entries:
        report.warnings.append(
            f"{words:,} of {entries:,} pieces are Chinese words, which this tokenizer never gives: the checkpoint was trained "
            "on text cut into words (WoBERT, RoFormer). Expected a checkpoint of characters"
        )
    for warning in report.warnings:
        logger.warning("%s: %s", name, warning)
    if strict and report.errors:
        raise ValueError(
            f"{name}: {'; '.join(report.errors)}. To look at it all the same: load(…, check=False)"
        )
    return report


def unknown_characters(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    """The characters of ``text`` (blanks apart) that no piece covers, or [UNK] alone; in order, with repetition.

    Raises:
        ValueError: the tokenizer knows no offsets.
    """
    with untruncated(tokenizer) as backend:
        encoding = backend.encode(text, add_special_tokens=False)
    known = bytearray(len(text))
    for number, token, (start, end) in zip(encoding.ids, encoding.tokens, encoding.offsets):
        if number != tokenizer.unk_token_id and not is_only_blank(token, text, (start, end)):
            known[start:end] = b"\1" * (end - start)
    return [character for character, seen in zip(text, known) if not seen and not character.isspace()]


def _errors(report: TokenizerReport) -> list[str]:
    errors = []
    if report.rows is not None:
        beyond = report.rows - report.entries
        sizes = f"vocabulary has {report.entries:,} entries, the embedding {report.rows:,} rows ({report.rows_source})"
        if beyond < 0:
            errors.append(
                f"{sizes}: expected no more entries than rows. Likely the vocabulary of another checkpoint, or tokens were "
                "added. Next: take the tokenizer of this checkpoint, or model.resize_token_embeddings(…)"
            )
        elif beyond > FEW and (
            report.rows % PADDED_TO or beyond > max(PADDING_OF_SMALL, PADDING * report.rows)
        ):
            errors.append(
                f"{sizes}: expected as many, or a few more that pad to a multiple of {PADDED_TO}. Likely the vocabulary of another "
                "checkpoint. Next: take the tokenizer of this checkpoint"
            )
    if report.unknown >= MOSTLY:
        errors.append(
            f"{report.unknown:.0%} of {len(PROBE)} common characters become [UNK] ({report.unknown_characters}…), expected "
            f"less than {MOSTLY:.0%}. Likely a vocabulary without Chinese, an empty one, or one that was not read"
        )
    return errors


def _warnings(report: TokenizerReport) -> list[str]:
    warnings = []
    if OFTEN <= report.unknown < MOSTLY:
        warnings.append(
            f"{report.unknown:.0%} of common characters become [UNK]: {report.unknown_characters}"
        )
    if report.rows is not None and report.rows - report.entries > 0 and not report.errors:
        logger.info(
            "%s: %s rows of the embedding are padding", report.name, f"{report.rows - report.entries:,}"
        )
    if "[UNK]" in report.case:
        warnings.append(
            "capital letters become [UNK] although small ones do not: do_lower_case=True is likely missing"
        )
    if report.rows is not None:
        outside = [token for token, number in report.special_tokens.values() if number >= report.rows]
        if outside:
            warnings.append(f"{', '.join(outside)} have ids that the embedding does not")
    return warnings


def _case(tokenizer: PreTrainedTokenizerFast) -> str:
    capital, small = "A B C T", "a b c t"
    if unknown_characters(tokenizer, small):
        return "kept"
    if _ids(tokenizer, capital) == _ids(tokenizer, small):
        return "folded"
    return "capitals become [UNK]" if unknown_characters(tokenizer, capital) else "kept"


def _width(tokenizer: PreTrainedTokenizerFast) -> str:
    wide, narrow = "Ａ Ｂ １", "A B 1"
    if unknown_characters(tokenizer, wide):
        return "[UNK]"
    return "folded" if _ids(tokenizer, wide) == _ids(tokenizer, narrow) else "kept"


def _ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    with untruncated(tokenizer) as backend:
        return backend.encode(text, add_special_tokens=False).ids


def _whole_words(tokenizer: PreTrainedTokenizerFast, vocabulary: dict[str, int]) -> int:
    """Pieces of two Chinese characters or more in a tokenizer that cuts every Chinese character off."""
    if type(tokenizer.backend_tokenizer.model).__name__ != "WordPiece" or not cuts_characters(tokenizer):
        return 0
    return sum(1 for piece in vocabulary if len(piece) > 1 and is_han(piece))
