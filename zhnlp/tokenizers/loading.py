"""``load``: one door for tokenizers, whatever wrote them; what it gives is fast, repaired and checked."""

from __future__ import annotations

import json
import logging
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.checkpoints import find
from zhnlp.checkpoints.locate import locate

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

TOKENIZER_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)  # what is fetched from the Hub to make a tokenizer; never weights
_OTHER_VOCABULARIES = ("tokenizer.json", "vocab.json", "*.model")  # whose owners need no vocab.txt
_CODE = "it brings its own Python code, which zhnlp never runs. Next: look for a version of it with a tokenizer.json"


def load(
    name_or_path: str | Path,
    *,
    model: Any = None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    check: bool = True,
) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a shipped model, a local folder or a Hub id, repaired and checked.

    Old Chinese folders that hold only a vocab.txt load as BERT's WordPiece, whatever their config.json calls itself;
    a tokenizer.json whose normaliser transformers would replace is taken as it stands. Special tokens of known families
    are repaired (see `repair`), and each repair is logged. Code of the Hub is never run.

    Args:
        name_or_path: shipped name, folder, tokenizer.json, vocab.txt, or Hub id.
        model: what the tokenizer has to fit: a model, a configuration or a folder; None for what lies beside it.
        revision: branch, tag or commit of a Hub id.
        cache_dir: where the Hub library keeps files; None for its own default.
        check: refuse a vocabulary that does not fit the embedding or does not know Chinese (see `check`).

    Raises:
        FileNotFoundError: no tokenizer there, or the Hub does not know the id.
        ConnectionError: the Hub is needed and cannot be reached; the message says what to do.
        ValueError: the tokenizer does not fit, is mostly [UNK], needs foreign code, or has no offsets.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "vocab.txt").write_text("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"你好"]), "utf-8")
        >>> load(folder, check=False).tokenize("你好吗")
        ['你', '好', '[UNK]']
    """
    from zhnlp.tokenizers.checks import check as check_tokenizer
    from zhnlp.tokenizers.repairs import repair

    if not isinstance(name_or_path, (str, PathLike)):
        raise TypeError(
            f"tokenizers.load got {type(name_or_path).__name__}: expected a shipped name, a folder, a file or a Hub id"
        )
    place = Path(name_or_path).expanduser()
    if not place.is_file() or find(str(name_or_path)) is not None:
        place = locate(name_or_path, revision=revision, cache_dir=cache_dir, patterns=TOKENIZER_FILES)
    tokenizer = _from_file(place) if place.is_file() else _from_folder(place)
    if not tokenizer.is_fast:
        raise ValueError(
            f"{name_or_path} has the tokenizer {type(tokenizer).__name__}, which knows no offsets: expected one of the "
            "tokenizers library. Next: convert it to a tokenizer.json"
        )
    beside = place if place.is_dir() and (place / "config.json").is_file() else None
    owner = model if model is not None else beside
    for repaired in repair(tokenizer, owner):
        logger.info("%s: %s", name_or_path, repaired)
    if check:
        check_tokenizer(tokenizer, owner, name=str(name_or_path))
    return tokenizer


def _from_file(file: Path) -> PreTrainedTokenizerFast:
    if file.suffix == ".json":
        return _whole(file)
    if file.suffix == ".txt":
        return _word_piece(file, {})
    raise ValueError(f"{file} is no tokenizer: expected a folder, a tokenizer.json or a vocab.txt")


def _from_folder(folder: Path) -> PreTrainedTokenizerFast:
    from transformers import AutoTokenizer

    options = _read_json(folder / "tokenizer_config.json")
    if "max_len" in options:  # as transformers 2 wrote it
        options.setdefault("model_max_length", options["max_len"])
    others = [pattern for pattern in _OTHER_VOCABULARIES if any(folder.glob(pattern))]
    if not others:
        if not (folder / "vocab.txt").is_file():
            raise FileNotFoundError(_nothing_there(folder))
        return _word_piece(folder / "vocab.txt", options | _special_tokens(folder))
    if "tokenizer.json" in others and "auto_map" in options:
        return _as_it_stands(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except (ValueError, ImportError, OSError, KeyError, TypeError, AttributeError) as error:
        if "tokenizer.json" in others:
            logger.info("%s: transformers could not load its class (%s); tokenizer.json taken", folder, error)
            return _as_it_stands(folder)
        if "auto_map" in options:
            raise ValueError(f"{folder}: {_CODE}") from error
        raise ValueError(_cannot_load(folder, others, error)) from error
    if "tokenizer.json" in others and (lost := _replaced(tokenizer, folder / "tokenizer.json")):
        logger.info("%s: %s would replace the %s of tokenizer.json", folder, type(tokenizer).__name__, lost)
        return _as_it_stands(folder, tokenizer)
    return tokenizer


def _as_it_stands(folder: Path, named: PreTrainedTokenizerFast | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer.json itself, with the special tokens that its class (``named``) knows."""
    tokenizer = _whole(folder / "tokenizer.json")
    options = _read_json(folder / "tokenizer_config.json")
    names = {name: getattr(named, name) for name in tokenizer.SPECIAL_TOKENS_ATTRIBUTES if named is not None}
    names |= {name: options[name] for name in tokenizer.SPECIAL_TOKENS_ATTRIBUTES if options.get(name)}
    vocabulary = tokenizer.get_vocab()
    for name, token in names.items():
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str) and token in vocabulary:
            setattr(tokenizer, name, token)
    for name in ("model_max_length", "padding_side", "truncation_side", "chat_template"):
        if options.get(name) is not None:
            setattr(tokenizer, name, options[name])
    tokenizer.name_or_path = str(folder)
    return tokenizer


def _whole(file: Path) -> PreTrainedTokenizerFast:
    """What a tokenizer.json says, and nothing else."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    try:
        backend = Tokenizer.from_str(file.read_text("utf-8"))
    except Exception as error:  # the library raises bare Exceptions from Rust
        raise ValueError(
            f"{file} is no tokenizer of the tokenizers library ({error}). Next: download it again"
        ) from None
    return PreTrainedTokenizerFast(tokenizer_object=backend)


def _replaced(tokenizer: PreTrainedTokenizerFast, file: Path) -> str:
    """The parts of a tokenizer.json that are of another kind in the tokenizer that was made of it."""
    stored = _read_json(file)
    made = json.loads(tokenizer.backend_tokenizer.to_str())
    kinds = [
        (part, _kind(stored.get(part)), _kind(made.get(part))) for part in ("normalizer", "pre_tokenizer")
    ]
    return " and ".join(part for part, before, after in kinds if before != after)


def _kind(part: Any) -> Any:
    """The types of a part and of what it is a sequence of; empty sequences are none."""
    if not part:
        return None
    inner = part.get("normalizers") or part.get("pretokenizers")
    if part.get("type") == "Sequence":
        kinds = tuple(kind for kind in map(_kind, inner or ()) if kind is not None)
        return kinds[0] if len(kinds) == 1 else kinds or None
    return part.get("type")


def _word_piece(file: Path, options: dict[str, Any]) -> PreTrainedTokenizerFast:
    """BERT's tokenizer from a vocab.txt: an entry a line, its number the id."""
    from transformers import BertTokenizer

    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 ({error}): expected a piece a line") from None
    if not lines[-1]:
        lines.pop()
    vocabulary: dict[str, int] = {}
    for number, line in enumerate(lines):
        vocabulary.setdefault(line.rstrip("\r"), number)
    names = {name: options[name] for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
             if isinstance(options.get(name), str)}  # fmt: skip
    unknown = names.get("unk_token", "[UNK]")
    if unknown not in vocabulary:
        raise ValueError(
            f"{file} has {len(vocabulary):,} entries and no {unknown}: expected a BERT vocabulary, a piece a line. "
            "Likely a list of words or the vocabulary of another kind of tokenizer"
        )
    defaults = {
        name: f"[{name[:-6].upper()}]" for name in ("sep_token", "pad_token", "cls_token", "mask_token")
    }
    tokens = {name: token for name, token in (defaults | names).items() if token in vocabulary}
    rules = {
        "do_lower_case": options.get("do_lower_case", True),
        "strip_accents": options.get("strip_accents"),
        "tokenize_chinese_chars": options.get("tokenize_chinese_chars", True),
    }
    tokens["unk_token"] = unknown
    tokenizer = BertTokenizer(vocab=vocabulary, **rules, **tokens)
    if (
        len(tokens) < 5
    ):  # BertTokenizer has added what the vocabulary lacks, with ids the embedding does not have
        tokenizer = _without_additions(tokenizer, vocabulary, tokens)
    for name in ("model_max_length", "padding_side"):
        if options.get(name) is not None:
            setattr(tokenizer, name, options[name])
    tokenizer.name_or_path = str(file.parent)
    return tokenizer


def _without_additions(tokenizer: Any, vocabulary: dict[str, int], tokens: dict[str, str]) -> Any:
    """The same rules over the bare vocabulary, with those special tokens that it has."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    rules = tokenizer.backend_tokenizer
    bare = Tokenizer(WordPiece(vocabulary, unk_token=tokens["unk_token"]))
    bare.normalizer, bare.pre_tokenizer, bare.decoder = rules.normalizer, rules.pre_tokenizer, rules.decoder
    first, last = tokens.get("cls_token"), tokens.get("sep_token")
    begin, end = (f"{first}:0 " if first else ""), (f" {last}:0" if last else "")
    bare.post_processor = TemplateProcessing(
        single=f"{begin}$A:0{end}",
        pair=f"{begin}$A:0{end} $B:1{end.replace(':0', ':1')}",
        special_tokens=[(token, vocabulary[token]) for token in (first, last) if token],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=bare, model_input_names=names, **tokens)


def _special_tokens(folder: Path) -> dict[str, Any]:
    stored = _read_json(folder / "special_tokens_map.json")
    return {name: token["content"] if isinstance(token, dict) else token for name, token in stored.items()}


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON ({error}). Next: download it again") from None
    return content if isinstance(content, dict) else {}


def _nothing_there(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    pickles = [name for name in names if name.endswith((".pkl", ".pickle", ".bin", ".pt"))]
    found = f"found {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else "it is empty"
    advice = f"; {pickles[0]} is a pickle and never opened" if pickles else ""
    return (
        f"{folder} holds no tokenizer: expected tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece "
        f"*.model, {found}{advice}. Next: copy those files from where the checkpoint came from"
    )


def _cannot_load(folder: Path, others: list[str], error: Exception) -> str:
    first = str(error).strip().split("\n")[0]
    advice = "pip install sentencepiece protobuf" if "*.model" in others else f"ls {folder}"
    return (
        f"{folder}: transformers cannot load this tokenizer ({type(error).__name__}: {first[:200]}). Next: {advice}, or "
        "convert it to a tokenizer.json"
    )
