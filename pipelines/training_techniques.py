"""What each training technique of zhnlp does, on problems that need no data: one table, gains and losses alike.

    python pipelines/training_techniques.py                          # all, some 2 minutes of one core
    python pipelines/training_techniques.py --only flooding ema      # some
    python pipelines/training_techniques.py --out techniques.jsonl   # keep every number

Problems: the 8 × 8 digits of scikit-learn with few images or wrong labels, and documents of words by Zipf's law, every
fifth word from those of the document's class.  Every line is the mean ± standard deviation over seeds; "without" and
"with" share data, initial weights and order.  Posts: 6869 (Lookahead, lazy), 6794 (accumulation), 6575 (EMA), 7643
(flooding, two rates, gradient penalty), 7234 (FGM), 7466 (VAT), 8496 (R-Drop), all https://kexue.fm/archives/<number>.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from harness.report import machine
from technique_problems import Bag, Deep, adam, digits, fit, mlp, noisy_digits, score, zipf
from tqdm import tqdm

from zhnlp.training.accumulation import GradAccumulator
from zhnlp.training.callbacks import EMA
from zhnlp.training.optimizers import AlternatingAscent, LazyOptimizer, Lookahead, layer_wise_groups
from zhnlp.training.regularizers import FGM, VAT, FloodingLoss, GradientPenalty, RDrop

# --- experiments: each yields (what, measure, higher is better, without, with) for one seed ------------------------


def ema(seed: int) -> Iterator[tuple]:
    """SGD .5 with batch 8 never settles; its average does.  25-step evaluations after epoch 3."""
    x, y, x_test, y_test = digits(seed, 1000)
    model = mlp(seed, 64)
    average, raw, averaged, steps = EMA(model, 0.99), [], [], 0

    def after() -> None:
        nonlocal steps
        average.update()
        steps += 1
        if steps > 375 and steps % 25 == 0:
            raw.append(score(model, x_test, y_test)[1])
            with average.applied():
                averaged.append(score(model, x_test, y_test)[1])

    fit(model, torch.optim.SGD(model.parameters(), lr=0.5), x, y, 10, 8, seed, after=after)
    yield "EMA .99", "test accuracy, mean of evaluations", True, np.mean(raw), np.mean(averaged)
    yield "EMA .99", "its deviation between evaluations", False, np.std(raw), np.std(averaged)


def lookahead(seed: int) -> Iterator[tuple]:
    """The same noisy SGD, alone and inside Lookahead."""
    x, y, x_test, y_test = digits(seed, 1000)
    found = []
    for wrap in (lambda optimizer: optimizer, Lookahead):
        model, accuracies = mlp(seed, 64), []

        def after(model=model, accuracies=accuracies, count=[0]) -> None:  # noqa: B006
            count[0] += 1
            if count[0] > 375 and count[0] % 25 == 0:
                accuracies.append(score(model, x_test, y_test)[1])

        optimizer = wrap(torch.optim.SGD(model.parameters(), lr=0.5))
        fit(model, optimizer, x, y, 10, 8, seed, after=after)
        found.append((np.mean(accuracies), np.std(accuracies)))
    yield "Lookahead 5, .5", "test accuracy, mean of evaluations", True, found[0][0], found[1][0]
    yield "Lookahead 5, .5", "its deviation between evaluations", False, found[0][1], found[1][1]


def lazy(seed: int) -> Iterator[tuple]:
    """Adam moves words that the batch lacks."""
    x, y, x_test, y_test = zipf(seed, 1000)
    found = {}
    for mode in (None, "blog", "textbook"):
        model = Bag(seed)
        optimizer = adam(model, 1e-2)
        if mode:
            optimizer = LazyOptimizer(optimizer, [model.words], mode)
        found[mode] = score(fit(model, optimizer, x, y, 6, 32, seed), x_test, y_test)[1]
    for mode in ("blog", "textbook"):
        yield f"LazyOptimizer, {mode}", "Zipf test accuracy", True, found[None], found[mode]


def accumulation(seed: int) -> Iterator[tuple]:
    """Batch 1 is noise; 64 of them are a batch.  As many optimizer steps, 64 times the images."""
    x, y, *_ = digits(seed, 1000)
    losses = []
    for steps in (1, 64):
        model = mlp(seed, 32)
        accumulator = GradAccumulator(adam(model), steps)
        for row in torch.randint(1000, (100 * steps,), generator=torch.Generator().manual_seed(seed)).split(
            1
        ):
            with accumulator.micro() as micro:
                micro.backward(F.cross_entropy(model(x[row]), y[row]))
            accumulator.step()
        losses.append(score(model, x, y)[0])
    yield "GradAccumulator 64 × 1", "train loss after 100 steps", False, *losses
    both = []
    for cut in (False, True):  # ten of ten against one hundred
        model = mlp(seed, 32).double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        accumulator = GradAccumulator(optimizer, 10 if cut else 1, weight="tokens")
        for rows in torch.arange(1000).split(10 if cut else 100):
            with accumulator.micro(n_items=len(rows)) as micro:
                micro.backward(F.cross_entropy(model(x[rows].double()), y[rows]))
            accumulator.step()
        both.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    gap = (both[0] - both[1]).abs().max().item()
    yield "GradAccumulator 10 × 10", "largest difference to batch 100, float64", None, 0.0, gap


def overfit(seed: int, epochs: int, part=None, make=adam) -> tuple[float, float, float]:
    """(train loss, test loss, test accuracy) on noisy digits."""
    x, y, x_test, y_test = noisy_digits(seed)
    model = mlp(seed, 256)
    fit(model, make(model), x, y, epochs, 100, seed, [part] if part else [])
    return score(model, x, y)[0], *score(model, x_test, y_test)


def compare(name: str, plain: tuple, other: tuple) -> Iterator[tuple]:
    yield name, "noisy digits, train loss", None, plain[0], other[0]
    yield name, "noisy digits, test loss", False, plain[1], other[1]
    yield name, "noisy digits, test accuracy", True, plain[2], other[2]


def flooding(seed: int) -> Iterator[tuple]:
    """The spec's measurement: helps a model that over-fits, hurts one that does not yet."""
    plain = overfit(seed, 1500)
    for level in (0.3, 0.6):
        yield from compare(
            f"Flooding {level:g}, 1500 epochs", plain, overfit(seed, 1500, FloodingLoss(level))
        )
    yield from compare("Flooding .5, 150 epochs", overfit(seed, 150), overfit(seed, 150, FloodingLoss(0.5)))


def penalties(seed: int) -> Iterator[tuple]:
    """The relatives of flooding: two rates, against SGD that goes as far in two steps; the explicit penalty."""
    plain = overfit(seed, 1000, make=lambda model: torch.optim.SGD(model.parameters(), lr=0.25))
    two_rates = overfit(
        seed, 1000, make=lambda model: AlternatingAscent(torch.optim.SGD(model.parameters()), 0.75, 0.25)
    )
    yield from compare("AlternatingAscent .75, .25 (SGD)", plain, two_rates)
    penalty = GradientPenalty(1.0, of="parameters")
    yield from compare("GradientPenalty 1", overfit(seed, 500), overfit(seed, 500, penalty))


def adversarial(seed: int) -> Iterator[tuple]:
    """Few labels: 100 documents for FGM; 50 images, and 1,000 without labels, for VAT.  ε was chosen on seeds 10, 11."""
    x, y, x_test, y_test = zipf(seed, 100)
    found = []
    for parts in ([], [FGM(3.0)]):
        model = Bag(seed)
        found.append(score(fit(model, adam(model, 1e-2), x, y, 30, 20, seed, parts), x_test, y_test)[1])
    yield "FGM 3, 100 labels", "Zipf test accuracy", True, *found
    x, _, x_test, y_test = digits(seed, 1000)
    y = digits(seed, 1000)[1][:50]
    unlabelled = list(x.split(100))
    found = []
    for part in (None, VAT(0.6, embeddings="0"), VAT(0.6, embeddings="0", unlabelled=unlabelled)):
        model = mlp(seed, 128)
        fit(model, adam(model), x[:50], y, 1200, 50, seed, [part] if part else [])
        found.append(score(model, x_test, y_test)[1])
    yield "VAT .6, 50 labels", "digits test accuracy", True, found[0], found[1]
    yield "VAT .6, 50 labels + 1,000 images", "digits test accuracy", True, found[0], found[2]


def r_drop(seed: int) -> Iterator[tuple]:
    """200 images, dropout .3."""
    x, y, x_test, y_test = digits(seed, 200)
    found = []
    for parts in ([], [RDrop(4.0)]):
        model = mlp(seed, 128, dropout=0.3)
        found.append(score(fit(model, adam(model), x, y, 100, 50, seed, parts), x_test, y_test))
    yield "R-Drop 4, 200 images", "digits test loss", False, found[0][0], found[1][0]
    yield "R-Drop 4, 200 images", "digits test accuracy", True, found[0][1], found[1][1]


def layer_rates(seed: int) -> Iterator[tuple]:
    """A network that tells digits learns from 40 images whether a digit is 5 or more."""
    x, y, x_test, y_test = digits(seed, 1240)
    base = Deep(seed)
    fit(base, adam(base), x[40:], y[40:], 30, 50, seed)
    found = []
    for decay in (1.0, 0.3):
        model = copy.deepcopy(base)
        torch.manual_seed(seed)
        model.out = nn.Linear(96, 2)
        groups = layer_wise_groups(model, lr=3e-3, decay=decay, weight_decay=0.0)
        fit(model, torch.optim.Adam(groups), x[:40], (y[:40] > 4).long(), 100, 20, seed)
        found.append(score(model, x_test, (y_test > 4).long()))
    yield (
        "layer-wise rates .3, 40 labels",
        "tuned to digits above 4, test loss",
        False,
        found[0][0],
        found[1][0],
    )
    yield (
        "layer-wise rates .3, 40 labels",
        "tuned to digits above 4, test accuracy",
        True,
        found[0][1],
        found[1][1],
    )


EXPERIMENTS = {
    "ema": ema,
    "lookahead": lookahead,
    "lazy": lazy,
    "accumulation": accumulation,
    "flooding": flooding,
    "penalties": penalties,
    "adversarial": adversarial,
    "r_drop": r_drop,
    "layer_rates": layer_rates,
}

# --- the table -----------------------------------------------------------------------------------------------------


def verdict(higher: bool | None, without: list[float], with_it: list[float]) -> str:
    """ "better" or "worse" where all seeds agree, else "mixed"."""
    if higher is None:
        return ""
    gains = [(b - a) * (1 if higher else -1) for a, b in zip(without, with_it)]
    return "better" if min(gains) > 0 else "worse" if max(gains) < 0 else "mixed"


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=EXPERIMENTS,
        default=list(EXPERIMENTS),
        metavar="NAME",
        help=f"some of {', '.join(EXPERIMENTS)}",
    )
    parser.add_argument(
        "--seeds", type=int, default=3, help="runs of each, from seed 0 (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, help="file for one JSON line a row")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds got {options.seeds}: expected 1 or more")
    torch.set_num_threads(1)
    facts = machine()
    facts["versions"] |= {"torch": torch.__version__}
    rows, began = [], time.process_time()
    for name in tqdm(options.only, file=sys.stderr):
        found: dict[tuple, list[tuple[float, float]]] = {}
        for seed in range(options.seeds):
            for what, measure, higher, *pair in EXPERIMENTS[name](seed):
                found.setdefault((what, measure, higher), []).append((float(pair[0]), float(pair[1])))
        for (what, measure, higher), pairs in found.items():
            row = {
                "pipeline": "training_techniques",
                "experiment": name,
                "technique": what,
                "measure": measure,
            }
            row["without"], row["with"] = map(list, zip(*pairs))
            row["verdict"] = verdict(higher, row["without"], row["with"])
            rows.append({**row, "seeds": list(range(options.seeds)), **facts})
    print("| technique | measure | without | with | every seed |\n| --- | --- | ---: | ---: | --- |")
    for row in rows:
        cells = [f"{np.mean(row[key]):.3g} ± {np.std(row[key]):.2g}" for key in ("without", "with")]
        print(f"| {row['technique']} | {row['measure']} | {cells[0]} | {cells[1]} | {row['verdict']} |")
    print(
        f"\n{options.seeds} seeds, {time.process_time() - began:.0f} CPU s, {facts['cpu']}, torch {torch.__version__}, {facts['date']}"
    )
    if options.out:
        options.out.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
