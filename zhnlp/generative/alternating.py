"""The loop of two players on accelerate: repeatable, resumable, with an average of the generator's weights.

Source: 苏剑林, https://kexue.fm/archives/6583 (why the average helps)
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from zhnlp.generative.adversarial import AdversarialFitting, AdversarialModel, frozen, parameters_of
from zhnlp.generative.rows import Batches, Rows
from zhnlp.generative.sampling import save_samples
from zhnlp.training.callbacks.ema import EMA
from zhnlp.training.seeds import derive_seed, own_randomness

STATE, WEIGHTS, AVERAGE, LOG = "state.pt", "model.safetensors", "ema.safetensors", "log.jsonl"


def fit(
    model: AdversarialModel, rows: Rows | Callable[..., Tensor], settings: AdversarialFitting
) -> list[dict[str, float]]:
    """Train in place; returns the figures of every ``log_every`` rounds.

    Raises:
        FloatingPointError: a loss became nan or infinite.
    """
    with own_randomness(settings.seed):
        loop = _Loop(model, rows, settings)
        loop.run()
    model.eval()
    return loop.history


class _Loop:
    def __init__(self, model: AdversarialModel, rows: Any, settings: AdversarialFitting):
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # an earlier training of this process may have had another precision
        self.settings, self.plain = settings, model
        self.accelerator = Accelerator(
            cpu=not torch.cuda.is_available(), mixed_precision=settings.mixed_precision
        )
        rank = self.accelerator.process_index
        self.batches = Batches(
            rows, settings.batch_size, settings.seed if rank == 0 else derive_seed(settings.seed, rank)
        )
        critic, generator = model.critic_modules(), model.generator_modules()
        rates = (settings.critic_rate, settings.generator_rate)
        optimizers = [
            torch.optim.Adam(parameters_of(modules), lr=rate, betas=settings.betas)
            for modules, rate in zip((critic, generator), rates)
        ]
        self.model, *self.optimizers = self.accelerator.prepare(model, *optimizers)
        self.players = {"critic": (critic, generator), "generator": (generator, critic)}
        whole = nn.ModuleList(generator)
        self.average = None if settings.ema is None else EMA(whole, settings.ema)
        self.history: list[dict[str, float]] = []
        self.sums: dict[str, Tensor] = {}
        self.round = self.served = 0
        self.out = None if settings.out is None else Path(settings.out)

    def run(self) -> None:
        settings = self.settings
        self._resume()
        self.model.train()
        hidden = settings.progress is False or not self.accelerator.is_main_process
        bar = tqdm(
            total=settings.steps,
            initial=self.round,
            unit="round",
            disable=True if hidden else None,
            leave=False,
        )
        with bar:
            while self.round < settings.steps:
                for _ in range(settings.critic_steps):
                    self._step("critic")
                for _ in range(settings.generator_steps):
                    for part in settings.parts:
                        part.before_step(self.plain)
                    self._step("generator")
                    for part in settings.parts:
                        part.after_step(self.plain)
                    if self.average is not None:
                        self.average.update()
                self.round += 1
                bar.update()
                self._report(bar)
        if self.out is not None:
            self._save()
        if self.average is not None:
            self.average.copy_to_model()

    def _step(self, player: str) -> None:
        """One step of one player, the other one's weights held."""
        batch = {
            name: value.to(self.accelerator.device)
            for name, value in self.batches.of_step(self.served).items()
        }
        self.served += 1
        own, other = self.players[player]
        optimizer = self.optimizers[player == "generator"]
        optimizer.zero_grad(set_to_none=True)
        with frozen(other), self.accelerator.autocast():
            figures = self.model(**batch, player=player)
            loss = figures["loss"]
            if player == "generator":
                for part in self.settings.parts:
                    term = part.generator_term(self.plain, batch["x"], figures)
                    loss = loss if term is None else loss + term
            self.accelerator.backward(loss)
        if self.settings.clip:
            self.accelerator.clip_grad_norm_(parameters_of(own), self.settings.clip)
        optimizer.step()
        figures = {**figures, "loss": loss}
        for name, value in figures.items():
            if value.ndim == 0:
                name = f"{player}_{name}"
                value = value.detach().float()
                self.sums[name] = self.sums[name] + value if name in self.sums else value

    def _report(self, bar: tqdm) -> None:
        settings = self.settings
        if self.round % settings.log_every == 0 or self.round == settings.steps:
            self._log(bar)
        if self.out is None or not self.accelerator.is_main_process:
            return
        if settings.sample_every is not None and self.round % settings.sample_every == 0:
            save_samples(self.plain, self.out, self.round, settings.samples, settings.seed)
        if self.round % settings.save_every == 0:
            self._save()

    def _log(self, bar: tqdm) -> None:
        rounds = self.round - (self.history[-1]["round"] if self.history else 0)
        times = {
            "critic": max(1, rounds * self.settings.critic_steps),
            "generator": rounds * self.settings.generator_steps,
        }
        line: dict[str, float] = {"round": self.round}
        for name, value in self.sums.items():
            line[name] = round(value.item() / times[name.partition("_")[0]], 6)
        self.sums = {}
        bad = [name for name, value in line.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(
                f"{', '.join(bad)} became nan or infinite before round {self.round}. Likely the learning rate is too high or a penalty too "
                "strong. Next: lower critic_rate and generator_rate, or clip=1.0"
            )
        self.history.append(line)
        shown = {name: f"{value:.3g}" for name, value in line.items() if name.endswith("_loss")}
        bar.set_postfix(shown)
        if self.out is not None and self.accelerator.is_main_process:
            self.out.mkdir(parents=True, exist_ok=True)
            with (self.out / LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    # --- checkpoints -----------------------------------------------------------------------------------------------

    def _save(self) -> None:
        """Weights as safetensors; optimizers, random numbers and parts as tensors that are read back without code."""
        if not self.accelerator.is_main_process:
            return
        folder = self.out / "checkpoint"
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "round": self.round,
            "served": self.served,
            "history": self.history,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "random": torch.get_rng_state(),
            "parts": [part.state() for part in self.settings.parts],
            "sums": self.sums,
        }
        weights = {name: value.contiguous() for name, value in self.plain.state_dict().items()}
        _replace(folder / WEIGHTS, lambda path: save_file(weights, path))
        if self.average is not None:
            self.average.save(folder / AVERAGE)
        _replace(folder / STATE, lambda path: torch.save(state, path))

    def _resume(self) -> None:
        folder = None if self.out is None else self.out / "checkpoint"
        if folder is None or not (folder / STATE).is_file():
            return
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
        self.plain.load_state_dict(load_file(folder / WEIGHTS))
        for optimizer, kept in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(kept)
        for part, kept in zip(self.settings.parts, state["parts"]):
            part.load_state(kept)
        if self.average is not None:
            self.average.load(folder / AVERAGE)
        self.round, self.served, self.history = state["round"], state["served"], state["history"]
        self.sums = state["sums"]
        torch.set_rng_state(state["random"])


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside, then move: a kill in between leaves no half file under the name."""
    unfinished = path.with_name(path.name + ".unfinished")
    write(unfinished)
    unfinished.replace(path)
