"""What the tasks with a network share: which model, where and in which numbers it runs, and how batches are made."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zhnlp.mining.progress import Progress
from zhnlp.models.batching import default_budget
from zhnlp.models.length_limit import length_limit
from zhnlp.tasks.base import Pipeline
from zhnlp.tasks.batching import FIRST_WINDOW, LAST_WINDOW, BatchReport, Row, run_in_batches
from zhnlp.text import replace_surrogates
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

logger = logging.getLogger("zhnlp")

LOADING = """\
model: shipped name, folder or Hub id; or a model of transformers, with ``tokenizer``. {default}
revision, cache_dir: of the Hub.
device: such as "cpu" or "cuda:0"; None for the GPU where there is one.
dtype: such as "float32"; None for bfloat16 where the processor has it, else float32.
batch_size: texts of a batch at most; token_budget: positions of a batch (4,096 on a CPU, 65,536 on a GPU).
progress: bars on stderr; None for a terminal only.
seed: of what is drawn; None for torch's own generator.
check: refuse a tokenizer that does not fit the model or knows no Chinese."""
_TOO_LONG = "sequence-length-is-longer-than-the-specified-maximum"
_said: set[str] = set()


class ModelPipeline(Pipeline):
    """A task that a network does; subclasses say how rows are made and what is done with a batch of them.

    The default model is loaded at the first call, one that was named at once.
    """

    head: ClassVar[str]
    default: ClassVar[str | None]
    wanted: ClassVar[Sequence[str] | None] = (
        None  # patterns of the files of a Hub id; None for those of any checkpoint
    )

    def __init__(
        self,
        model: str | Path | PreTrainedModel | None = None,
        *,
        tokenizer: PreTrainedTokenizerFast | None = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        batch_size: int | None = None,
        token_budget: int | None = None,
        progress: bool | None = None,
        seed: int | None = None,
        check: bool = True,
    ):
        for name, value in (("batch_size", batch_size), ("token_budget", token_budget)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{name}={value!r} is not possible: expected 1 or more")
        check_seed(seed)
        self._given = model
        self._given_tokenizer = tokenizer
        self._hub = {"revision": revision, "cache_dir": cache_dir}
        self._device, self._check = device, check
        self._dtype = _checked(dtype)
        self._parts: tuple[PreTrainedModel, PreTrainedTokenizerFast] | None = None
        self.batch_size, self._budget = batch_size, token_budget
        self.seed = seed
        self.progress = Progress(progress)
        self.report = BatchReport()
        if model is not None:
            self._load()

    @classmethod
    def help(cls) -> str:
        """What the task does, its options and those of loading, and an example."""
        default = f"None: {cls.default}, which ships." if cls.default else "There is no default."
        return f"{super().help()}\n\nOptions of every task with a model:\n{LOADING.format(default=default)}"

    @property
    def name(self) -> str:
        """The model: its name, folder or class."""
        if self._given is None:
            return self.default
        return str(self._given) if isinstance(self._given, (str, Path)) else type(self._given).__name__

    @property
    def model(self) -> PreTrainedModel:
        """The network, in the numbers in which it runs."""
        return self._load()[0]

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer of the model."""
        return self._load()[1]

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self.model.device

    @property
    def limit(self) -> int:
        """Tokens that a text may have, those at its ends included."""
        return length_limit(self.tokenizer, self.model.config)

    @property
    def token_budget(self) -> int:
        """Positions of a batch."""
        return self._budget or default_budget(self.device)

    def save(self, folder: str | Path) -> Path:
        """Write model (float32, safetensors) and tokenizer; ``pipeline(task, model=folder)`` loads them again.

        Raises:
            FileExistsError: ``folder`` is a file.
        """
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(
                f"{folder} is a file: expected the name of a folder, which may be a new one"
            )
        self._original().save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        return folder

    def _original(self) -> PreTrainedModel:
        """The model as it was given, before it was rounded to run fast."""
        from zhnlp.checkpoints.locate import locate
        from zhnlp.models.loading import load_model
        from zhnlp.tokenizers import repair

        if self._given is not None and not isinstance(self._given, (str, Path)):
            return self._given
        folder = self._opened(locate(self.name, patterns=self.wanted, **self._hub))
        model = load_model(folder, self.head, device="cpu", dtype="float32", check=False)
        repair(self.tokenizer, model)
        return model

    def _load(self) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
        if self._parts is None:
            self._parts = self._make()
        return self._parts

    def _make(self) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
        import copy

        from zhnlp import tokenizers
        from zhnlp.checkpoints.catalogue import find
        from zhnlp.checkpoints.locate import locate
        from zhnlp.models.inference import speed_up
        from zhnlp.models.loading import choose_device, load_model

        if self._given is None:
            if find(self.default) is None:
                raise FileNotFoundError(
                    f"{self.task} has the default model {self.default}, which this installation lacks. Next: install zhnlp "
                    "anew, or name a folder or a Hub id with model=..."
                )
            say_default(self.task, self.default)
        dtype = self._dtype
        if self._given is None or isinstance(self._given, (str, Path)):
            device = choose_device(self._device)
            folder = self._opened(locate(self.name, patterns=self.wanted, **self._hub))
            if self._given_tokenizer is None:
                tokenizer = tokenizers.load(folder, check=self._check)
            else:
                tokenizer = copy.deepcopy(self._given_tokenizer)  # the user's own is not changed
            tokenizer.deprecation_warnings[_TOO_LONG] = True  # long texts are cut and counted here
            chosen = dtype or self._fast(device)
            model = load_model(folder, self.head, device=device, dtype=chosen, check=False)
            for repaired in tokenizers.repair(tokenizer, model):
                logger.info("%s: %s", self.name, repaired)
            if self._given_tokenizer is not None and self._check:
                tokenizers.check(tokenizer, model, name="tokenizer=")
            return speed_up(model), tokenizer
        if self._given_tokenizer is None:
            raise TypeError(f"{self.task} got a model without tokenizer=: expected both, or a name or folder")
        model = self._given
        if self._check:
            tokenizers.check(self._given_tokenizer, model, name="tokenizer=")
        device = model.device if self._device is None else choose_device(self._device)
        chosen = dtype or self._fast(device)
        if (device, chosen) != (model.device, model.dtype):
            model = copy.deepcopy(model).to(device=device, dtype=chosen)
        return model.eval(), self._given_tokenizer

    def _opened(self, folder: Path) -> Path:
        """Where network and tokenizer lie in the folder of the model."""
        return folder

    def _fast(self, device: torch.device) -> torch.dtype:
        """The numbers to run in where none were asked for."""
        from zhnlp.models.precision import fast_dtype

        return fast_dtype(device)

    # --- texts through the network ---------------------------------------------------------------------------------

    def _map(
        self,
        texts: Any,
        encode: Callable[[list[Any]], list[Row]],
        run: Callable[[list[Row]], Sequence[Any]],
        empty: Callable[[Row], Any],
        seed: int | None = None,
        too_long: str | None = None,
    ) -> Any:
        """One result, a list or a generator, as ``texts`` is; every call begins with the same ``seed``.

        Args:
            too_long: for what a text was cut and what helps, where it is not the limit of the model.
        """
        numbers, own = count(1), BatchReport()  # of this call, whatever others are under way

        def infer(rows: list[Row]) -> Sequence[Any]:
            number = next(numbers)
            with self._inference(None if seed is None else seed + number):
                return run(rows)

        def counted(window: list[Any]) -> list[Row]:
            rows = encode(window)
            own.texts += len(rows)
            own.cut += sum(row.cut for row in rows)
            return rows

        def each(items: Iterable[Any]) -> Iterator[Any]:
            known = len(items) if isinstance(items, (list, tuple)) else None
            with self.progress.stage(self.task, known, "text"):
                for result in run_in_batches(
                    self._checked(items),
                    counted,
                    infer,
                    empty=empty,
                    report=self.report,
                    token_budget=self.token_budget,
                    batch_size=self.batch_size,
                    first=FIRST_WINDOW if known is None else LAST_WINDOW,
                ):
                    self.progress.advance(1)
                    yield result
            if own.cut:
                reason = too_long or (
                    f"{self.name} ({self.limit:,} tokens) and were cut: expected shorter ones. Next: cut them into sentences, "
                    "or take a model with more positions"
                )
                warnings.warn(
                    f"{own.cut:,} of {own.texts:,} texts were too long for {reason}",
                    stacklevel=3,
                )

        return self._deliver(texts, each)

    def _finite(self, values: Any, of: str) -> Any:
        """``values``, unless some are nan or infinite: nothing that is made of them means anything."""
        if not bool(values.isfinite().all()):
            raise ValueError(
                f"{self.name} gives nan or infinite {of}: expected numbers. Its weights are likely broken, or too large for "
                f"{self.model.dtype}. Next: dtype='float32', and if that is no better download it again"
            )
        return values

    @contextmanager
    def _inference(self, seed: int | None) -> Iterator[None]:
        """No gradients; torch's generators seeded for one batch, and left as they were."""
        import torch

        with torch.inference_mode():
            if seed is None:
                yield
                return
            with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
                torch.manual_seed(seed)
                yield

    def _rows(self, texts: list[str]) -> list[Row]:
        """Texts as the model reads them, with the special tokens; what is too long loses its end."""
        rows = []
        with untruncated(self.tokenizer) as backend:
            encodings = backend.encode_batch([replace_surrogates(text) for text in texts])
            for text, encoding in zip(texts, encodings):
                if cut := len(encoding.ids) > self.limit:
                    bare = backend.encode(replace_surrogates(text), add_special_tokens=False)
                    bare.truncate(self.limit - (len(encoding.ids) - len(bare.ids)))
                    encoding = backend.post_process(bare)
                rows.append(Row(encoding.ids, (text, encoding), cut))
        return rows


def _checked(dtype: Any) -> Any:
    """The numbers that a name means; other things as they are."""
    if not isinstance(dtype, str):
        return dtype
    from zhnlp.models.loading import dtype_of

    return dtype_of(dtype)


def check_seed(seed: Any) -> None:
    """Refuse what torch takes for no seed.

    Example:
        >>> check_seed(-1)
        Traceback (most recent call last):
        ...
        ValueError: seed=-1 is not possible: expected 0 to 9,223,372,036,854,775,807, or None
    """
    if seed is None:
        return
    said = f"seed={seed!r} is not possible: expected {{}}0 to {2**63 - 1:,}, or None"
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(said.format("an int, "))
    if not 0 <= seed < 2**63:
        raise ValueError(said.format(""))


def say_default(task: str, name: str) -> None:
    """Log once which model a task has by default."""
    if task not in _said:
        _said.add(task)
        logger.warning("%s: %s, which ships with zhnlp; model=... names another", task, name)
