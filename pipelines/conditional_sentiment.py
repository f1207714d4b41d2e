"""Reviews with an asked sentiment (posts 7124 and 7764): how far an independent classifier agrees, at several scales of guidance.

    python pipelines/conditional_sentiment.py                                    # an hour or so of one core, most of it training
    python pipelines/conditional_sentiment.py --train 400 --epochs 1 --limit 20 --guidance 1 2 --out workdir/try.jsonl    # to try
    python pipelines/conditional_sentiment.py --model uer/gpt2-chinese-cluecorpussmall --out workdir/uer.jsonl

A `ConditionalGenerator` learns from the train split, without its labels in one text of ten; valid chooses the pass that is kept.
The judge, TF-IDF of character n-grams and logistic regression, learnt from the same split and nothing else, and its accuracy on
test is printed; the row "reviews" has what it says of as many reviews of test, cut as the generator cuts.  Half of the samples
are asked to be positive.  Perplexity is that of --scorer, which read none of the set.

Every result is a line of --out at once and is not made again; a killed training goes on where it was.  Public set:
few_shot/sentiment (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/7124 (conditional layer norm), https://kexue.fm/archives/7764 (the set)
"""

from __future__ import annotations

import argparse
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from few_shot_jobs import Results, default_out, digest, sample, table
from sentiment import load
from tqdm import tqdm

from zhnlp.conditional import ConditionalGenerator
from zhnlp.few_shot.baselines.character_ngrams import bag_of_characters
from zhnlp.metrics import evaluate_control
from zhnlp.models.loading import load_model
from zhnlp.text.sentences import find_cut
from zhnlp.tokenizers import load as load_tokenizer
from zhnlp.training.pretraining.evaluation import score_causal
from zhnlp.training.seeds import derive_seed

RECIPE = 1  # part of every key
NAMES = {1: "正面", 0: "负面"}
JUDGE = {"ngram_range": (1, 3), "C": 30.0}
BAR = 0.85  # what the judge has to reach on test
SHOWN = 6  # samples kept in each line
FIGURES = ("agreement", "agreement_by_label", "standard_error", "distinct_1", "distinct_2", "repetition")
FIGURES += ("perplexity_per_character", "mean_length", "blank", "texts")


class Bench:
    """The set, the judge, the scorer and the generators, each made when it is first asked for."""

    def __init__(self, options: argparse.Namespace):
        self.options = options

    def split(self, name: str, most: int | None = None) -> tuple[list[str], list[str]]:
        """Texts and labels (正面, 负面) of a split, at most so many, drawn with seed 0."""
        texts, labels = load(name, self.options.data)
        numbers = sample(texts, most, 0)
        return [texts[number] for number in numbers], [NAMES[labels[number]] for number in numbers]

    @cached_property
    def judge(self) -> Any:
        """The classifier, which always learns from all of train."""
        return bag_of_characters(**JUDGE).fit(*self.split("train"))

    def cost(self, texts: list[str]) -> list[float]:
        """Nats of each text by the scorer."""
        model, tokenizer = self._scorer
        return score_causal(model, tokenizer, texts, context=256).nats

    @cached_property
    def _scorer(self) -> tuple[Any, Any]:
        name = self.options.scorer
        return load_model(name, "causal-lm", dtype="float32"), load_tokenizer(name)

    def generator(self, seed: int) -> ConditionalGenerator:
        """The trained generator of a seed, made once."""
        options = self.options
        name = "-".join(str(one) for one in learnt_from(options, seed).values())
        folder = options.work / name
        if (folder / "conditional.json").is_file():
            return ConditionalGenerator(folder)
        made = ConditionalGenerator(
            options.model, max_length=options.max_length, condition_size=options.condition_size, seed=seed
        )
        made.fit(
            *self.split("train", options.train),
            self.split("valid", options.train),
            out=folder / "training",
            epochs=options.epochs,
            patience=options.patience,
            drop=options.drop,
            dropout=options.dropout,
            **({} if options.learning_rate is None else {"learning_rate": options.learning_rate}),
        )
        made.save(folder)
        return made

    def scored(self, texts: list[str], labels: list[str]) -> dict[str, Any]:
        """The figures, and some texts of each label to look at."""
        found = evaluate_control(texts, labels, self.judge, language_model=self.cost)
        shown = [
            {"asked": label, "text": text}
            for asked in NAMES.values()
            for text, label in list(zip(texts, labels))[:: max(1, len(texts) // SHOWN)]
            if label == asked
        ]
        return {**{name: found[name] for name in FIGURES}, "samples": shown}

    def reviews(self) -> dict[str, Any]:
        """What the judge says of people's own."""
        texts, labels = self.split("test")
        of = {
            label: [number for number, one in enumerate(labels) if one == label] for label in NAMES.values()
        }
        numbers = [own[n] for own in of.values() for n in sample(own, self.options.limit // 2, 0)]
        texts, labels = [texts[n] for n in numbers], [labels[n] for n in numbers]
        return self.scored([text[: find_cut(text, 0, self.options.max_length)] for text in texts], labels)

    def written(self, guidance: float, seed: int) -> dict[str, Any]:
        """Write half of each label, and score."""
        generator, half = self.generator(seed), self.options.limit // 2
        texts, labels = [], []
        for label in NAMES.values():
            own = derive_seed(seed, label)  # or both labels would draw the same numbers
            options = {"top_p": self.options.top_p, "temperature": self.options.temperature}
            drawn = generator.generate(label, half, guidance=guidance, seed=own, **options)
            texts += [one["text"] for one in drawn]
            labels += [label] * half
        return {**self.scored(texts, labels), "history": generator.history_}

    def judged(self) -> dict[str, Any]:
        """Accuracy of the judge on all of test."""
        texts, labels = self.split("test")
        right = sum(one == other for one, other in zip(self.judge.predict(texts), labels))
        return {"accuracy": right / len(texts), "texts": len(texts)}


def learnt_from(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """What identifies a trained generator."""
    names = (
        "train",
        "epochs",
        "patience",
        "learning_rate",
        "drop",
        "dropout",
        "condition_size",
        "max_length",
    )
    return {
        "weights": digest(options.model),
        **{name: getattr(options, name) for name in names},
        "seed": seed,
    }


def key_of(row: str, guidance: float | None, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What identifies a result."""
    key: dict[str, Any] = {
        "recipe": RECIPE,
        "row": row,
        "judge": {**JUDGE, "ngram_range": list(JUDGE["ngram_range"])},
    }
    if row == "judge":
        return key
    key |= {"limit": options.limit, "max_length": options.max_length, "scorer": digest(options.scorer)}
    if row == "reviews":
        return key
    key |= {
        "model": options.model,
        "guidance": guidance,
        "top_p": options.top_p,
        "temperature": options.temperature,
    }
    return key | learnt_from(options, seed)


def report(results: Results, options: argparse.Namespace) -> str:
    """The table."""
    head = [
        "reviews with an asked label",
        "agreement",
        "正面",
        "负面",
        "distinct-2",
        "perplexity",
        "characters",
    ]
    jobs = [
        ("reviews", None, 0),
        *(("written", one, seed) for one in options.guidance for seed in options.seeds),
    ]
    body = []
    for row, guidance, seed in jobs:
        line = results.find(key_of(row, guidance, seed, options))
        if line is None:
            continue
        name = "reviews of test" if row == "reviews" else f"guidance {guidance:g}, seed {seed}"
        parts = [f"{100 * line['agreement_by_label'].get(label, 0):.1f}" for label in NAMES.values()]
        share = f"{100 * line['agreement']:.1f} ± {100 * line['standard_error']:.1f}"
        more = [
            f"{line['distinct_2']:.3f}",
            f"{line['perplexity_per_character']:.1f}",
            f"{line['mean_length']:.0f}",
        ]
        body.append([name, share, *parts, *more])
    judge = results.find(key_of("judge", None, 0, options))
    accuracy = "not measured" if judge is None else f"{100 * judge['accuracy']:.2f} %"
    said = (
        f"{options.limit} texts a row, half of each label; agreement of a character n-gram classifier in per cent ± standard error, whose "
        f"accuracy on the whole test split is {accuracy}; perplexity a character by {options.scorer}, which read none of the set. {options.model}, "
        f"{options.train or 'all'} reviews of train, at most {options.epochs:g} passes, top-p {options.top_p:g}, temperature "
        f"{options.temperature:g}."
    )
    return f"{table(head, body)}\n\n{said}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--model", default="zhnlp-gpt-small", help="causal model to begin from (default: %(default)s)")
    add("--scorer", default="zhnlp-gpt-small", help="causal model of the perplexity (default: %(default)s)")
    add(
        "--guidance",
        nargs="+",
        type=float,
        default=[0.0, 1.0, 1.5, 2.0, 3.0],
        help="scales (default: %(default)s)",
    )
    add("--seeds", nargs="+", type=int, default=[0])
    add("--limit", type=int, default=500, help="samples of each scale (default: %(default)s)")
    add("--train", type=int, help="reviews to train on at most")
    add("--epochs", type=float, default=10.0, help="passes at most (default: %(default)s)")
    add("--patience", type=int, default=2, help="passes without a lower loss on valid before the end")
    add("--learning-rate", type=float, help="default: by the size of the model")
    add(
        "--drop",
        type=float,
        default=0.1,
        help="share of the reviews that lose their label (default: %(default)s)",
    )
    add(
        "--dropout",
        type=float,
        default=0.1,
        help="of a network without its own, in training (default: %(default)s)",
    )
    add("--condition-size", type=int, default=64, help="features of a condition (default: %(default)s)")
    add("--max-length", type=int, default=128, help="characters of a review (default: %(default)s)")
    add("--top-p", type=float, default=0.95, help="of the samples (default: %(default)s)")
    add("--temperature", type=float, default=1.0, help="of the samples (default: %(default)s)")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/conditional_sentiment"), help="where generators are kept")
    add(
        "--out",
        type=Path,
        default=default_out("conditional_sentiment"),
        help="lines of results (default: %(default)s)",
    )
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def check(options: argparse.Namespace) -> None:
    """Leave with exit code 2 at what cannot be done."""
    for name, least in (("limit", 2), ("train", 2)):
        if (given := getattr(options, name)) is not None and given < least:
            parser().error(f"--{name} got {given}: expected {least} or more")


def main() -> None:
    """Make what is missing; print the table."""
    options = parser().parse_args()
    check(options)
    results, bench = Results(options.out), Bench(options)
    if not options.table:
        judge = results.get(key_of("judge", None, 0, options), bench.judged)
        if judge["accuracy"] < BAR:
            print(
                f"warning: the judge is right in {100 * judge['accuracy']:.1f} % of test only",
                file=sys.stderr,
            )
        results.get(key_of("reviews", None, 0, options), bench.reviews)
        jobs = [(guidance, seed) for seed in options.seeds for guidance in options.guidance]
        for guidance, seed in tqdm(jobs, file=sys.stderr, unit="result"):
            key = key_of("written", guidance, seed, options)
            line = results.get(key, lambda guidance=guidance, seed=seed: bench.written(guidance, seed))
            said = f"guidance {guidance:g}, seed {seed}: {100 * line['agreement']:.1f} % agree ({line['seconds']:.0f} s)"
            tqdm.write(said, file=sys.stderr)
    text = report(results, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
