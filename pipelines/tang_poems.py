"""Poems in form by the shipped GPT: lines, lengths, marks and rhyme held by the decoder, and how good they are.

    python pipelines/tang_poems.py --epochs 6                                   # 45 minutes of one core, most of it training
    python pipelines/tang_poems.py --train 400 --limit 50 --samples 8 --epochs 1 --out workdir/try.jsonl               # to try

zhnlp-gpt-small learns the poems of the Tang in four forms (`tang_poem_set.py`), each behind the name of its form, 「五言绝句：」;
valid chooses the pass that is kept.  It then writes --samples poems of each form, with the constraint
(`zhnlp.decoding.constraints.verse`) and without, from the same random numbers.  The constraint takes the commonest reading of a
character; what is counted as rhyme, its two commonest, in poems of people too (row "test").

Perplexity is per character and mark of the poems of test, what ends a poem paid for, the name of the form given: of the trained
model, of the model it began from, and of a Kneser-Ney 4-gram counted on the same poems of train.

Bars: exact form 99 %, rhyme 80 %, perplexity below that of the 4-gram.  Every result is a line of --out at once and is not made again; a
killed training goes on where it was.  The poems written are kept in --work.  Public set: corpora/tang_poems.jsonl.xz (ZHNLP_DATA, else
../shared/data), research use only: nothing that is trained here ships.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import torch
from few_shot_jobs import Results, default_out, digest, sample, table
from public_data import data_folder, stop
from tang_poem_set import FILE, FORMS, SIGN, Form, Poem, five_grams, read_poems, rhyme_words, split
from tang_poem_training import poem_nats, train
from tqdm import tqdm

from zhnlp.conditional.reader import TextReader
from zhnlp.decoding import CausalStep, DecodingOptions, PerRow, generate
from zhnlp.decoding.constraints.verse import Verse
from zhnlp.metrics import distinct_n
from zhnlp.mining.kneser_ney import KneserNey
from zhnlp.models.loading import load_model
from zhnlp.models.packed_linear import pack_linear
from zhnlp.text.rhymes import rhyme_classes
from zhnlp.tokenizers import load as load_tokenizer
from zhnlp.training.seeds import derive_seed

RECIPE = 1  # part of every key
BATCH = 64  # poems written together
SYSTEMS = ("trained", "begin", "4-gram")
WAYS = {True: "in form", False: "free", None: "test"}


class Bench:
    """The poems, the models and what is made of them, each when it is first asked for."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.tokenizer = load_tokenizer(options.model)

    @cached_property
    def parts(self) -> dict[str, list[Poem]]:
        """The poems of train, valid and test; says what was left out."""
        options, counts = self.options, Counter()
        path = data_folder(options.data) / FILE
        if not path.is_file():
            stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
        vocabulary = set(self.tokenizer.get_vocab()) - set(self.tokenizer.all_special_tokens)
        for name in (*(form.prompt for form in FORMS), "，。"):
            if not vocabulary.issuperset(name):
                stop(
                    f"the tokenizer of {options.model} lacks a character of {name!r}: expected one for each."
                )
        parts = split(read_poems(path, counts), vocabulary.__contains__, counts)
        print("; ".join(f"{count:,} {name}" for name, count in sorted(counts.items())), file=sys.stderr)
        for part, most in (("train", options.train), ("valid", options.limit), ("test", options.limit)):
            parts[part] = [parts[part][number] for number in sample(parts[part], most, 0)]
            if not parts[part]:
                stop(f"{path} leaves no poem for {part}: expected some. Likely another set.")
        return parts

    @cached_property
    def reader(self) -> TextReader:
        return TextReader(self.tokenizer)

    def row(self, poem: Poem) -> tuple[list[int], int]:
        """The tokens of a poem between begin and end, and how many of them only stand before it."""
        before = self.reader.prompt(poem.form.prompt)
        return [*before, *self.tokenizer.convert_tokens_to_ids(list(poem.text)), self.reader.end], len(before)

    def rows(self, part: str) -> list[tuple[list[int], int]]:
        return [self.row(poem) for poem in self.parts[part]]

    @cached_property
    def model(self) -> Any:
        """The trained model, made once."""
        options = self.options
        folder = options.work / "-".join(str(one) for one in learnt_from(options).values())
        if not (folder / "config.json").is_file():
            train(
                options.model,
                self.tokenizer,
                self.rows("train"),
                self.rows("valid"),
                folder,
                epochs=options.epochs,
                patience=options.patience,
                learning_rate=options.learning_rate,
                dropout=options.dropout,
                seed=options.seed,
            )
        return load_model(folder, "causal-lm", dtype="float32").eval()

    def perplexity(self, system: str) -> dict[str, Any]:
        """What the poems of test cost one of `SYSTEMS`."""
        rows = self.rows("test")
        if system == "4-gram":
            counted = KneserNey(len(self.tokenizer)).fit(
                np.concatenate([ids for ids, _ in self.rows("train")])
            )
            nats = [counted.nats(np.array(ids))[before:].sum() for ids, before in rows]
        else:
            model = self.model
            if system == "begin":
                model = load_model(self.options.model, "causal-lm", dtype="float32").eval()
            nats = poem_nats(model, rows)
        characters = sum(len(poem.text) for poem in self.parts["test"])
        cost = float(sum(nats)) / characters
        return {
            "perplexity": exp(cost),
            "bits_per_character": cost / log(2),
            "characters": characters,
            "poems": len(rows),
            "trained_poems": len(self.parts["train"]),
        }

    def verse(self, form: Form) -> Verse:
        """The constraint of a form, over the vocabulary of the model."""
        vocabulary, special = self.tokenizer.get_vocab(), set(self.tokenizer.all_special_tokens)
        said = {token: text for text, token in vocabulary.items() if len(text) == 1 and text not in special}
        return Verse(
            form.lines,
            form.length,
            said,
            end=self.reader.end,
            rhymes={token: rhyme_classes(text) for token, text in said.items()},
            most=self.options.most,
            after=vocabulary[SIGN],
        )

    def written(self, form: Form, constrained: bool) -> dict[str, Any]:
        """Write poems of a form, and measure them."""
        options, verse = self.options, self.verse(form)
        model = pack_linear(self.model)
        start, texts = self.reader.prompt(form.prompt), []
        for first in range(0, options.samples, BATCH):
            numbers = range(first, min(first + BATCH, options.samples))
            settings = DecodingOptions(
                end=self.reader.end,
                max_new_tokens=verse.tokens if constrained else 2 * verse.tokens,
                sample=True,
                temperature=options.temperature,
                top_p=options.top_p,
                forbidden=self.reader.never(model.config.vocab_size),
                seed=PerRow(derive_seed(options.seed, form.name, number) for number in numbers),
            )
            found = generate(
                CausalStep(model),
                torch.tensor([start] * len(numbers), device=model.device),
                settings,
                text=self.reader.text,
                processors=[verse] if constrained else [],
            )
            texts += [one.text for [one] in found]
        place = options.work / f"poems-{form.name}-{WAYS[constrained].replace(' ', '-')}-{options.seed}.txt"
        place.write_text("\n".join(texts) + "\n", "utf-8")
        return self.measured(texts, form)

    def of_people(self, form: Form) -> dict[str, Any]:
        """The same figures of poems of test, no more of them than are written."""
        poems = [poem.text for poem in self.parts["test"] if poem.form == form]
        return self.measured([poems[number] for number in sample(poems, self.options.samples, 0)], form)

    def measured(self, texts: Sequence[str], form: Form) -> dict[str, Any]:
        """Shares of texts in form and in rhyme, of different bigrams, and of 5-grams that stand in a poem of train."""
        grams = [gram for text in texts for gram in five_grams(text)]
        return {
            "exact": sum(map(form.holds, texts)) / max(len(texts), 1),
            "rhyme": sum(map(rhymes, texts)) / max(len(texts), 1),
            "distinct_2": distinct_n(texts, 2),
            "memorised": sum(gram in self._grams for gram in grams) / max(len(grams), 1),
            "texts": len(texts),
        }

    @cached_property
    def _grams(self) -> set[str]:
        return {gram for poem in self.parts["train"] for gram in five_grams(poem.text)}


def rhymes(text: str) -> bool:
    """Whether the even lines of a text rhyme: two or more, on different characters, in a class that all of them have.

    Example:
        >>> rhymes("天地，玄黄。宇宙，洪荒。"), rhymes("天地，玄黄。宇宙，洪黄。"), rhymes("天地，玄黄。")
        (True, False, False)
    """
    words = rhyme_words(text)
    classes = [set(rhyme_classes(word, readings=2)) for word in words]
    return 1 < len(words) == len(set(words)) and bool(set.intersection(*classes))


def learnt_from(options: argparse.Namespace) -> dict[str, Any]:
    """What identifies the trained model."""
    names = ("train", "limit", "epochs", "patience", "learning_rate", "dropout", "seed")
    return {"weights": digest(options.model), **{name: getattr(options, name) for name in names}}


def jobs_of(options: argparse.Namespace, bench: Bench | None = None) -> list[tuple[dict, Callable[[], dict]]]:
    """What identifies each result, and what makes it."""
    base = {"recipe": RECIPE, **learnt_from(options)}
    jobs = [
        ({**base, "row": "perplexity", "system": system}, partial(Bench.perplexity, bench, system))
        for system in SYSTEMS
    ]
    drawn = {name: getattr(options, name) for name in ("most", "top_p", "temperature")}
    for form in FORMS:
        for constrained, way in WAYS.items():
            key = {**base, "row": way, "form": form.name, "samples": options.samples}
            make = partial(Bench.of_people, bench, form)
            if constrained is not None:
                key, make = {**key, **drawn}, partial(Bench.written, bench, form, constrained)
            jobs.append((key, make))
    return jobs


def report(results: Results, options: argparse.Namespace) -> str:
    """The tables, as far as there are results."""
    lines = [line for key, _ in jobs_of(options) if (line := results.find(key)) is not None]
    costs = {line["key"]["system"]: line for line in lines if line["key"]["row"] == "perplexity"}
    names = {"trained": f"{options.model}, trained", "begin": f"{options.model} as it is", "4-gram": "4-gram"}
    head = ["held-out poems", "perplexity per character", "bits per character"]
    body = [
        [names[system], f"{line['perplexity']:.1f}", f"{line['bits_per_character']:.3f}"]
        for system, line in costs.items()
    ]
    parts = [table(head, body)]
    poems = [line for line in lines if line["key"]["row"] != "perplexity"]
    body = [_cells(f"{line['key']['form']}, {line['key']['row']}", line) for line in poems]
    for way in WAYS.values():
        if found := [line for line in poems if line["key"]["row"] == way and line["texts"]]:
            total = sum(line["texts"] for line in found)
            mean = {
                name: sum(line[name] * line["texts"] for line in found) / total
                for name in ("exact", "rhyme", "distinct_2", "memorised")
            }
            body.append(_cells(f"all, {way}", {**mean, "texts": total}))
    parts.append(table(["poems", "exact form", "rhyme", "distinct-2", "5-grams of train", "number"], body))
    counts = next(iter(costs.values()), {"poems": 0, "characters": 0, "trained_poems": 0})
    parts.append(
        f'Per cent of the poems, and of the 5-grams inside their lines; distinct-2 of each row\'s texts together, in the rows "all" the mean. '
        f"{counts['trained_poems']:,} poems of train, {counts['poems']:,} of test ({counts['characters']:,} characters and marks); at most "
        f"{options.epochs:g} passes; top-p {options.top_p:g}, temperature {options.temperature:g}, a character at most "
        f"{options.most or 'any number of'} times in a poem in form, seed {options.seed}."
    )
    return "\n\n".join(parts)


def _cells(name: str, line: dict[str, Any]) -> list[str]:
    shares = [f"{100 * line[one]:.1f}" for one in ("exact", "rhyme")]
    return [
        name,
        *shares,
        f"{line['distinct_2']:.3f}",
        f"{100 * line['memorised']:.1f}",
        f"{line['texts']:,}",
    ]


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--model", default="zhnlp-gpt-small", help="causal model to begin from (default: %(default)s)")
    add("--samples", type=int, default=500, help="poems of each form (default: %(default)s)")
    add("--seed", type=int, default=0, help="of training and of what is drawn (default: %(default)s)")
    add("--train", type=int, help="poems to train on at most")
    add("--limit", type=int, help="poems of valid, and of test, at most")
    add("--epochs", type=float, default=12.0, help="passes at most (default: %(default)s)")
    add("--patience", type=int, default=2, help="passes without a lower loss on valid before the end")
    add("--learning-rate", type=float, help="default: by the size of the model")
    add("--dropout", type=float, default=0.1, help="of a network without its own (default: %(default)s)")
    add(
        "--most",
        type=int,
        default=2,
        help="times a character stands in a poem in form, 0 for any (%(default)s)",
    )
    add("--top-p", type=float, default=0.95, help="of the samples (default: %(default)s)")
    add("--temperature", type=float, default=0.9, help="of the samples (default: %(default)s)")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/tang_poems"), help="where models and poems are kept")
    add("--out", type=Path, default=default_out("tang_poems"), help="lines of results (default: %(default)s)")
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Make what is missing; print the table."""
    options = parser().parse_args()
    for name, least in (("samples", 1), ("train", 2), ("limit", 1), ("most", 0)):
        if (given := getattr(options, name)) is not None and given < least:
            parser().error(f"--{name} got {given}: expected {least} or more")
    options.most = options.most or None
    results = Results(options.out)
    if not options.table:
        options.work.mkdir(parents=True, exist_ok=True)
        for key, make in tqdm(jobs_of(options, Bench(options)), file=sys.stderr, unit="result"):
            results.get(key, make)
    text = report(results, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
