"""Options of pipeline("text-generation"), and what they are to the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhnlp.decoding import DecodingOptions

_COUNTS = {
    "max_new_tokens": 1,
    "max_length": 1,
    "min_new_tokens": 0,
    "num_return": 1,
    "num_beams": 1,
    "no_repeat_ngram": 0,
    "top_k": 0,
}
_RANGES = {
    "temperature": (0, 100),
    "top_p": (0, 1),
    "repetition_penalty": (0, 100),
    "length_penalty": (-100, 100),
}


@dataclass(frozen=True)
class GenerationOptions:
    """How the next token is chosen, and when a text ends; see `TextGeneration`."""

    max_new_tokens: int = 64
    max_length: int | None = None
    min_new_tokens: int = 0
    num_return: int = 1
    temperature: float = 0.8
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.1
    num_beams: int = 1
    length_penalty: float = 1.0
    no_repeat_ngram: int = 0
    stop: str | Sequence[str] = ()
    condition: Any = None
    guidance: float = 1.0

    def __post_init__(self):
        guidance = self.guidance
        if isinstance(guidance, bool) or not isinstance(guidance, (int, float)) or not isfinite(guidance):
            raise ValueError(f"guidance={guidance!r} is not possible: expected a finite number, such as 2")
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if name == "max_length" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}={value!r} is not possible: expected {least} or more")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise ValueError(f"{name}={value!r} is not possible: expected {low} to {high}")
            if value == 0 and name in ("top_p", "repetition_penalty"):
                raise ValueError(f"{name}=0 is not possible: expected more than 0")
        stops = [self.stop] if isinstance(self.stop, str) and self.stop else self.stop
        if not isinstance(stops, (list, tuple)) or not all(isinstance(one, str) and one for one in stops):
            raise ValueError(
                f"stop={self.stop!r} is not possible: expected a string of a character or more, or several"
            )
        most = self.max_new_tokens if self.max_length is None else self.max_length
        if self.min_new_tokens > most:
            raise ValueError(
                f"min_new_tokens={self.min_new_tokens} is more than may be written: expected {most} or less"
            )
        self._check_number()

    def _check_number(self) -> None:
        """Refuse more texts than the way of writing gives."""
        if self.num_beams > 1 and self.num_return > self.num_beams:
            raise ValueError(
                f"num_return={self.num_return} of num_beams={self.num_beams}: expected at most as many texts as beams"
            )
        if self.num_beams == 1 and self.temperature == 0 and self.num_return > 1:
            raise ValueError(
                f"num_return={self.num_return} with temperature=0 would be the same text each time: expected 1, a temperature "
                "above 0, or num_beams"
            )

    @property
    def width(self) -> int:
        """Rows of the network that a prompt takes."""
        return max(self.num_beams, self.num_return)

    def decoding(
        self,
        *,
        end: Sequence[int],
        forbidden: Sequence[int],
        most: Sequence[int],
        seeds: Sequence[int] | None,
    ) -> DecodingOptions:
        """For rows that may each write so many tokens, and draw by their own seeds."""
        from zhnlp.decoding import DecodingOptions, PerRow

        drawn: dict[str, Any] = {}
        if self.num_beams == 1 and self.temperature > 0:
            seed = None if seeds is None else PerRow(seeds)
            drawn = {
                "sample": True,
                "temperature": self.temperature,
                "top_k": self.top_k,
                "top_p": self.top_p,
                "seed": seed,
            }
        return DecodingOptions(
            end=end,
            max_new_tokens=PerRow(most),
            min_new_tokens=self.min_new_tokens,
            beams=self.num_beams,
            num_return=self.num_return,
            length_penalty=self.length_penalty if self.num_beams > 1 else 1.0,
            no_repeat_ngram=self.no_repeat_ngram,
            repetition_penalty=self.repetition_penalty,
            forbidden=forbidden,
            stop=self.stop,
            **drawn,
        )
