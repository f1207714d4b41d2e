"""The last step of a pre-training: a folder with int8 weights, tokenizer and card, as zhnlp ships them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zhnlp.checkpoints.card import write_card
from zhnlp.checkpoints.quantized import save
from zhnlp.training.pretraining.hardware import hardware_of
from zhnlp.training.pretraining.plan import Plan
from zhnlp.training.pretraining.throughput import EARLIER, tokens_read

_TASKS = {"masked-lm": "fill-mask", "causal-lm": "text-generation"}
_NETWORKS = {"masked-lm": "RoFormer", "causal-lm": "GPT-NeoX"}
_CALLS = {
    "masked-lm": 'pipeline("fill-mask", model="{name}")("今天天气真[MASK]。")',
    "causal-lm": 'pipeline("text-generation", model="{name}", seed=0)("今天天气")',
}


def finish(
    checkpoint: str | Path,
    folder: str | Path,
    *,
    plan: Plan,
    data: str,
    licence: str,
    scores: Mapping[str, float] | Callable[[Path], Mapping[str, float]],
    limits: str,
) -> Path:
    """Write the model of a checkpoint as one that ships; returns ``folder``.

    Args:
        checkpoint: of `pretrain`, best an annealed one.
        folder: config.json, int8 weights, tokenizer and README.md are written here; its name is the model's.
        plan: what was trained.
        data: the text it learned from, in a sentence.
        licence: of the weights.
        scores: what was measured, by name; or what measures it, given ``folder`` with the int8 weights that ship.
        limits: what it cannot do, in a sentence or two.

    Raises:
        FileNotFoundError: the checkpoint is not there.
    """
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    checkpoint, folder = Path(checkpoint), Path(folder)
    facts = training_facts(checkpoint, plan.tokens_a_step)
    loader = AutoModelForMaskedLM if plan.objective == "masked-lm" else AutoModelForCausalLM
    model = loader.from_pretrained(checkpoint)
    save(model, folder)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    tokenizer.save_pretrained(folder)
    scores = dict(scores(folder) if callable(scores) else scores)
    write_training_card(
        folder, model, tokenizer, plan, facts, data=data, licence=licence, scores=scores, limits=limits
    )
    return folder


def write_training_card(
    folder: Path,
    model: Any,
    tokenizer: Any,
    plan: Plan,
    facts: Mapping[str, Any],
    *,
    data: str,
    licence: str,
    scores: Mapping[str, float],
    limits: str,
) -> None:
    """Write the card of a trained model into ``folder``, whose name is the model's.

    Args:
        facts: of `training_facts`.
        data, licence, scores, limits: as `finish` has them.
    """
    weights = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    fields = {
        "language": "zh",
        "library_name": "zhnlp",
        "task": _TASKS[plan.objective],
        "licence": licence,
        "data": data,
        **facts,
        "seed": plan.seed,
        "scores": dict(scores),
        "limits": limits,
        "plan": plan.as_dict(),
    }
    network = (
        f"{_NETWORKS[plan.objective]}, {plan.layers} layers, {plan.width} wide, {plan.heads} heads, "
        f"{len(tokenizer):,} characters and pieces, {weights / 1e6:.1f} million weights"
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in scores.items())
    write_card(
        folder,
        fields,
        f"# {folder.name}\n\n{network}, trained by zhnlp's `pretrain` recipe on {facts['tokens']:,} tokens "
        f"({facts['steps']:,} steps, {facts['seconds'] / 3600:.1f} hours of training).\n\n"
        f"```python\nfrom zhnlp import pipeline\n\n{_CALLS[plan.objective].format(name=folder.name)}\n```\n\n"
        f"| measured | |\n|---|---|\n{table}\n\n**Data.** {data}\n\n**Limits.** {limits}",
    )


def training_facts(checkpoint: Path, tokens_a_step: int) -> dict[str, Any]:
    """Steps, tokens, the seconds that steps took (evaluation left out) and the hardware, from a checkpoint's log.

    Those of the model that the training began from are counted in.

    Args:
        tokens_a_step: where the log does not say what a step reads.
    """
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    history = state["log_history"]
    rates = [
        (entry["tokens"], entry["tokens_per_second"]) for entry in history if "tokens_per_second" in entry
    ]
    earlier = next((entry for entry in history if EARLIER in entry), {})
    seconds, before = earlier.get("seconds", 0.0), earlier.get("tokens", 0)
    for tokens, rate in rates:
        seconds += (tokens - before) / rate
        before = tokens
    return {
        "steps": earlier.get(EARLIER, 0) + state["global_step"],
        "tokens": tokens_read(history, tokens_a_step)(state["global_step"]),
        "seconds": round(seconds),
        "hardware": hardware_of(history),
    }


def curve(checkpoint: str | Path, tokens_a_step: int) -> list[dict[str, float]]:
    """The held-out figures of a training against the tokens it had read.

    Args:
        tokens_a_step: where the log does not say what a step reads.
    """
    state = json.loads((Path(checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))
    read = tokens_read(state["log_history"], tokens_a_step)
    return [
        {"tokens": read(entry["step"])}
        | {name.removeprefix("eval_"): value for name, value in entry.items() if name.startswith("eval_")}
        for entry in state["log_history"]
        if any(name.startswith("eval_") for name in entry)
    ]
