"""What a pass over a corpus read, repaired and skipped; with the warning and the error of this folder."""

from collections import Counter
from dataclasses import dataclass, field

EXAMPLES = 10  # of faults kept with their place


class CorpusWarning(UserWarning):
    """Something about the input that the user should know and that did not stop the reading."""


class CorpusError(ValueError):
    """Input that cannot be read as asked; in strict mode, the first fault."""


@dataclass
class CorpusReport:
    """The counts of one pass; complete when the pass is, live while it runs.

    Attributes:
        files: files opened.
        documents: documents given out.
        characters: code points in these documents.
        bytes: bytes of input consumed (compressed files: compressed bytes); 0 for texts in memory.
        repaired_lines: lines kept with U+FFFD in the place of bytes or surrogates that are no characters.
        split_lines: lines, rows or paragraphs cut because they were longer than ``max_line``.
        duplicates: documents dropped as duplicates.
        skipped: what was not given out: reason -> how often ("blank" counts blank documents).
        examples: the first faults: (path, line number or 0, reason).
        encodings: path -> encoding, for each text file that was not plain UTF-8.

    Example:
        >>> print(CorpusReport(files=1, documents=2, characters=8, skipped=Counter(blank=1)))
        1 file, 2 documents, 8 characters
        skipped: 1 x blank
    """

    files: int = 0
    documents: int = 0
    characters: int = 0
    bytes: int = 0
    repaired_lines: int = 0
    split_lines: int = 0
    duplicates: int = 0
    skipped: Counter = field(default_factory=Counter)
    examples: list[tuple[str, int, str]] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)
    strict: bool = field(default=False, repr=False)

    def skip(self, reason: str, path: str, line: int = 0, detail: str = "") -> None:
        """Count something left out; raises ``CorpusError`` when strict."""
        self.skipped[reason] += 1
        self._example(path, line, f"{reason}: {detail}" if detail else reason)

    def repair(self, path: str, line: int, reason: str) -> None:
        """Count a line that was kept with U+FFFD; raises ``CorpusError`` when strict."""
        self.repaired_lines += 1
        self._example(path, line, reason)

    def split(self, path: str, line: int, limit: int) -> None:
        """Count a line that was cut; a long line is no fault, so it never raises."""
        self.split_lines += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((path, line, f"longer than {limit:,} characters, cut"))

    def _example(self, path: str, line: int, reason: str) -> None:
        if self.strict:
            place = f"{path}:{line}" if line else path
            raise CorpusError(
                f"{place}: {reason} (strict=True stops at the first fault; strict=False skips, repairs and counts)"
            )
        if len(self.examples) < EXAMPLES:
            self.examples.append((path, line, reason))

    def as_dict(self) -> dict:
        """The report as plain values that json can write."""
        return {
            "files": self.files,
            "documents": self.documents,
            "characters": self.characters,
            "bytes": self.bytes,
            "repaired_lines": self.repaired_lines,
            "split_lines": self.split_lines,
            "duplicates": self.duplicates,
            "skipped": dict(self.skipped),
            "examples": [
                {"path": path, "line": line, "reason": reason} for path, line, reason in self.examples
            ],
            "encodings": dict(self.encodings),
        }

    def __str__(self) -> str:
        counts = [(self.files, "file"), (self.documents, "document"), (self.characters, "character")]
        lines = [
            ", ".join(f"{n:,} {name}{'' if n == 1 else 's'}" for n, name in counts if n or name != "file")
        ]
        if self.bytes:
            lines[0] += f" from {self.bytes:,} bytes"
        for n, what in (
            (self.repaired_lines, "lines repaired (U+FFFD for broken bytes)"),
            (self.split_lines, "over-long lines cut"),
            (self.duplicates, "duplicates dropped"),
        ):
            if n:
                lines.append(f"{what}: {n:,}")
        if self.skipped:
            common = self.skipped.most_common(8)
            rest = sum(self.skipped.values()) - sum(n for _, n in common)
            lines.append(
                "skipped: "
                + ", ".join(f"{n:,} x {reason}" for reason, n in common)
                + (f", {rest:,} x other" if rest else "")
            )
        if self.encodings:
            kinds = Counter(self.encodings.values())
            lines.append(
                "encodings other than UTF-8: "
                + ", ".join(f"{n:,} x {name}" for name, n in kinds.most_common())
            )
        for path, line, reason in self.examples:
            lines.append(f"  {path}{f':{line}' if line else ''}: {reason[:120]}")
        return "\n".join(lines)
