"""``zhnlp classify``: label texts with a template and label words, with no labelled text or a few."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.classify_options import check_learning, check_picture, parse_epochs
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.label_option import parse_labels
from zhnlp.cli.options import Encoding, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable

if TYPE_CHECKING:
    from zhnlp.mining.progress import Progress as Bars
    from zhnlp.tasks.few_shot import FewShotClassification
    from zhnlp.text.columns import Columns

_FORMATS = {"": "text", ".txt": "text", ".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl"}
SAMPLE = 2_000  # documents that --calibration batch and --suggest read at most


@app.command(
    epilog="Example: zhnlp classify corpora/reviews/unlabelled.txt --labels 正面=喜欢,满意 --labels 负面=讨厌,失望 --train corpora/reviews/few.tsv"
)
@mendable
def classify(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, patterns, or - for standard input.", show_default=False),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(help="label=word,word (again for each label), or labels with commas between."),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(
            help="Sentence with {text} (or {text_a}, {text_b}) and {mask}; several are an ensemble."
        ),
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="Labelled texts to learn from: .tsv, .csv, .jsonl.")
    ] = None,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(help="Texts without labels: used beside --train, else the model is adapted to them."),
    ] = None,
    dev: Annotated[Path | None, typer.Option(help="Labelled texts to score with, as --train.")] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Rank templates and label words on FILES, and stop.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(help="Shipped name, Hub id, or folder (also of --save); default: what ships."),
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="pet: all weights learn (default); ptuning: only {soft:4} of the template."),
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(help="auto (default), content-free, none, or batch: the mean over FILES is taken off."),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option(help="Passes over --train; default: 10; cv: chosen inside --train.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of the training; default: by the model's size.")
    ] = None,
    r_drop: Annotated[float | None, typer.Option(help="Weight of R-Drop; default: 0.")] = None,
    label_conditioning: Annotated[
        float | None, typer.Option(help="Weight of label conditioning; default: 0.")
    ] = None,
    soft_labels: Annotated[
        bool, typer.Option("--soft-labels", help="Learn from guesses on --unlabelled, as probabilities.")
    ] = False,
    rounds: Annotated[int | None, typer.Option(help="Rounds of guessing; default: 1.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of a text; default: the model's.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the training; default: 0, or that of a --save folder.")
    ] = None,
    device: Annotated[str | None, typer.Option(help='Such as "cpu" or "cuda:0".')] = None,
    format: Annotated[
        str | None, typer.Option(help="text, tsv, csv or jsonl (with all probabilities); default: by --out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .jsonl, .csv, .tsv, .txt.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Folder to keep the classifier in, for --model.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the confusion matrix of --dev, .png or .svg.")
    ] = None,
    text_field: TextField = None,
    label_field: Annotated[
        str, typer.Option(help="Column or key of the label in --train and --dev.")
    ] = "label",
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    progress: Progress = None,
) -> None:
    """Label each document, a line each, in the order of the input; blank documents are left out.

    Without --train the words of the labels do the work (zero-shot). Labelled files have a text and a label in each line, with a tab
    between (.tsv), or columns named text and label.  A template of two texts reads columns text_a and text_b.
    """
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.tasks.few_shot import FewShotClassification

    format = _format(format, out)
    _check_places(files, train, unlabelled, dev, out, save, plot)
    if not files and (suggest or (dev is None and save is None)):
        raise ValueError(
            "there is nothing to do: expected FILES, or --dev, or --save. Next: zhnlp classify --help"
        )
    learning = {
        "epochs": parse_epochs(epochs),
        "learning_rate": learning_rate,
        "r_drop": r_drop,
        "rounds": rounds,
    }
    learning |= {"label_conditioning": label_conditioning, "soft_labels": soft_labels or None}
    check_learning(learning, train)
    reading = Reading(text_field, label_field, encoding, unit, Bar(progress))
    words = parse_labels(labels)
    if suggest:
        more = {} if max_length is None else {"max_length": max_length}
        _suggest(
            reading, files, words, template, out, model=model, random_state=seed or 0, device=device, **more
        )
        return
    given = {**learning, "mode": mode, "max_length": max_length, "seed": seed}
    given["calibration"] = None if calibration == "batch" else calibration
    pipe = FewShotClassification(
        template[0] if template and len(template) == 1 else template or None,
        words,
        model=model,
        revision=revision,
        progress=reading.bar.enabled,
        device=device,
        **{name: value for name, value in given.items() if value is not None},
    )
    columns = reading.columns(pipe.classifier.templates_[0].fields)
    raw = list(reading.examples(unlabelled, columns)) if unlabelled else None
    if train is not None:
        texts, targets = reading.labelled(train, columns, pipe)
        pipe.fit(texts, targets, raw)
    elif raw:
        pipe.adapt(raw)
    if calibration == "batch":
        if not files or "-" in files:
            raise ValueError(
                "--calibration batch reads FILES twice: expected files. Next: zhnlp classify FILE --calibration batch"
            )
        pipe.calibrate(list(islice(reading.examples(files, columns), SAMPLE)))
    if save is not None:
        pipe.save(save)
        reading.bar.say(f"the classifier → {save}")
    if dev is not None:
        scores = pipe.evaluate(*reading.labelled(dev, columns, pipe))
        print(json.dumps(scores, ensure_ascii=False, indent=1), file=sys.stderr if files else sys.stdout)
        if plot is not None:
            from zhnlp.metrics.confusion_plot import plot_confusion

            plot_confusion(scores, plot)
    if files:
        examples, kept = tee(reading.examples(files, columns))
        labels = [str(label) for label in pipe.classifier.classes_.tolist()]
        _write(zip(kept, pipe(examples)), out, format, [*columns.fields, "label", "score", *labels])


@dataclass
class Reading:
    """How files are read, as the options say."""

    text_field: str | None
    label_field: str
    encoding: str
    unit: str
    bar: Bars

    def columns(self, fields: Iterable[str]) -> Columns:
        """The columns of labelled files and of pairs."""
        from zhnlp.text.columns import Columns

        fields = sorted(fields)
        named = [] if self.text_field is None else [self.text_field]
        return Columns(
            fields, self.text_field.split(",") if named and len(fields) > 1 else named, self.label_field
        )

    def examples(self, files: list[str], columns: Columns) -> Iterator[Any]:
        """Documents as the template takes them: texts, or rows of two columns; faults are said at the end."""
        from zhnlp.text import Corpus
        from zhnlp.text.columns import Columns, read_rows

        if len(columns.fields) > 1:
            report = _report()
            yield from read_rows(
                files, Columns(columns.fields, columns.names, None), report, encoding=self.encoding
            )
            _say(", ".join(files), report)
            return
        corpus = Corpus.from_paths(files, text_field=self.text_field, encoding=self.encoding, unit=self.unit)
        yield from (text for text in stream_documents(corpus, self.bar, "read") if text.strip())
        say_faults(corpus)

    def labelled(self, file: Path, columns: Columns, pipe: FewShotClassification) -> tuple[list, list]:
        """Texts and labels of a file, the labels as those of the classifier, which may be numbers."""
        from zhnlp.text.columns import read_labelled

        known = None
        if pipe.classifier.__sklearn_is_fitted__():
            known = {str(label): label for label in pipe.classifier.classes_.tolist()}
        report = _report()
        names = None if known is None else list(known)
        texts, targets = read_labelled(file, columns, report, labels=names, encoding=self.encoding)
        _say(file, report)
        return texts, targets if known is None else [known[target] for target in targets]


def _report() -> Any:
    from zhnlp.text.report import CorpusReport

    return CorpusReport()


def _say(name: Any, report: Any) -> None:
    """What was passed over in a file, on stderr."""
    if report.skipped or report.examples:
        print(f"{name}: {report}", file=sys.stderr)


def _format(format: str | None, out: Path | None) -> str:
    known = ("text", "tsv", "csv", "jsonl")
    if format is not None and format not in known:
        raise ValueError(f"--format {format} is not known: expected {', '.join(known)}")
    found = format or _FORMATS.get("" if out is None else out.suffix.lower())
    if found is None:
        raise ValueError(
            f"--out {out} ends in {out.suffix!r}: expected .jsonl, .csv, .tsv or .txt. Next: --format tsv, whatever it ends in"
        )
    return found


def _check_places(files, train, unlabelled, dev, out, save, plot) -> None:
    check_place(out, "--out")
    check_place(plot, "--plot")
    check_place(save, "--save", folder=True)
    if save is not None and save.is_file():
        raise ValueError(f"--save {save} is a file: expected the name of a folder, which may be a new one")
    read = [*(files or ()), *(unlabelled or ()), *(path for path in (train, dev) if path is not None)]
    check_apart(read, {"--out": out, "--plot": plot, "--save": save})
    if plot is not None and dev is None:
        raise ValueError("--plot draws what --dev is given: expected --dev too. Next: --dev dev.tsv")
    if plot is not None:
        check_picture(plot)
    for option, path in (("--train", train), ("--dev", dev)):
        if path is not None and not path.is_file():
            raise ValueError(
                f"{option} {path} is not there: expected a file of texts with labels. Next: ls {path.parent}"
            )


def _suggest(
    reading: Reading,
    files: list[str],
    words: dict | None,
    template: list[str] | None,
    out: Path | None,
    **options: Any,
) -> None:
    from zhnlp.few_shot.classifier_state import templates_of
    from zhnlp.few_shot.suggest import suggest_templates

    if words is None:
        raise ValueError(
            "--suggest needs --labels: expected the labels to tell apart. Next: --labels 正面,负面"
        )
    fields = templates_of(template)[0].fields if template else ["text"]
    texts = list(islice(reading.examples(files, reading.columns(fields)), SAMPLE))
    found = suggest_templates(words, texts, templates=template, progress=reading.bar.enabled, **options)
    if out is None:
        print(found)
        return
    write_lines((json.dumps(row, ensure_ascii=False) for row in found), out)
    reading.bar.say(f"{len(found)} suggestions → {out}")


def _write(rows: Iterable[tuple[Any, dict]], out: Path | None, format: str, header: list[str]) -> None:
    from zhnlp.text.files import atomic_file

    lines = _lines(rows, format, header, mark=out is not None and format == "csv")
    if out is None:
        for line in lines:
            print(line)
        return
    with atomic_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(line + "\n" for line in lines)


def _lines(rows: Iterable[tuple[Any, dict]], format: str, header: list[str], *, mark: bool) -> Iterator[str]:
    """A line for each document, under ``header`` in a table; ``mark`` begins with a byte-order mark, so that Excel reads it."""
    separator = "," if format == "csv" else "\t"
    first = ("\ufeff" if mark else "") + _row(header, separator)
    for example, result in rows:
        texts = example if isinstance(example, Mapping) else {"text": example}
        if format == "jsonl":
            scores = {str(label): chance for label, chance in result["scores"].items()}
            yield json.dumps({**texts, **result, "scores": scores}, ensure_ascii=False)
            continue
        if format == "text":
            flat = "\t".join(" ".join(text.split()) for text in texts.values())
            yield f"{result['label']}\t{result['score']:.3f}\t{flat}"
            continue
        if first:
            yield first
            first = ""
        chances = [f"{chance:.6f}" for chance in result["scores"].values()]
        yield _row([*texts.values(), result["label"], f"{result['score']:.6f}", *chances], separator)
    if first and format in ("csv", "tsv"):
        yield first  # no document: a table without rows


def _row(cells: Iterable[Any], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(cells)
    return text.getvalue()
