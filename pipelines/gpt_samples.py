"""A page of what the shipped GPT writes: beginnings of several kinds, temperatures, seeds.

    python pipelines/gpt_samples.py --out docs/samples.md                         # a minute of one core; without --out it is printed

Nothing is chosen: every text is the first one of its seed.  The same command writes the same page again, up to rounding between
processors and versions of torch.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zhnlp import pipeline

BEGINNINGS = {
    "A story": "从前，山脚下住着一位老人和他的小孙女。有一天清晨，",
    "A recipe": "西红柿炒鸡蛋的做法：先把两个西红柿洗净切块，",
    "An explanation": "为什么天空是蓝色的？这是因为太阳光",
    "A statute": "第一条 为了保护城市树木，改善生态环境，根据有关法律，制定本条例。\n第二条",
    "A dialogue": "小明：周末你打算做什么？\n小红：",
    "An instruction": "连接打印机之前，请先确认电源已经接通。然后",
}
TEMPERATURES = (0.5, 0.8, 1.0)
PAGE = """# What the shipped GPT writes

Texts of `{model}` on beginnings that were written for this page, so that one can see what to expect of five million weights before
installing anything. It knows how such texts sound, and few facts: what it says is not to be trusted. Nothing was chosen: each is the first
text of its seed.

```bash
python pipelines/gpt_samples.py --out docs/samples.md
```

made this page; each text is that of

```text
pipeline("text-generation"{given}, max_new_tokens={most}, temperature=…, seed={seed})(beginning)
```

with the other options as they are: {options}. zhnlp {zhnlp}, torch {torch}; another processor may round another way, and then a text goes
another way too. Temperature {cold:g} is safe and dull, {hot:g} is what the model believes.
"""
SHOWN = ("top_k", "top_p", "repetition_penalty")


def page(options: argparse.Namespace) -> str:
    """The page in Markdown."""
    pipe = pipeline("text-generation", options.model, max_new_tokens=options.max_new_tokens, device="cpu")
    parts = [
        PAGE.format(
            model=options.model,
            given="" if options.model == pipe.default else f', "{options.model}"',
            most=options.max_new_tokens,
            seed=options.seed,
            options=", ".join(f"`{name}={getattr(pipe.options, name)}`" for name in SHOWN),
            zhnlp=version("zhnlp"),
            torch=version("torch").partition("+")[0],
            cold=min(options.temperatures),
            hot=max(options.temperatures),
        )
    ]
    for title, beginning in BEGINNINGS.items():
        parts.append(f"## {title}\n\n{quoted(beginning)}\n")
        for temperature in options.temperatures:
            text = pipe(beginning, temperature=temperature, seed=options.seed)
            parts.append(
                f"temperature {temperature:g}, mean log p {text['score']:.2f}:\n\n{quoted(text['text'])}\n"
            )
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A text as a quotation, its line breaks kept.

    Example:
        >>> quoted("天地*玄黄\\n")
        '> 天地\\\\*玄黄'
    """
    lines = [_escaped(line) for line in text.strip().splitlines()]
    return "\n>\n".join(f"> {line}" for line in lines if line) or "> (nothing)"


def _escaped(line: str) -> str:
    return "".join(
        "\\" + character if character in "\\`*_[]<>#|" else character for character in line.strip()
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add: Any = made.add_argument
    add("--model", default="zhnlp-gpt-small", help="causal model (default: %(default)s)")
    add("--seed", type=int, default=0, help="of every text (default: %(default)s)")
    add("--temperatures", type=float, nargs="+", default=list(TEMPERATURES), help="(default: %(default)s)")
    add("--max-new-tokens", type=int, default=120, help="of a text at most (default: %(default)s)")
    add("--out", type=Path, help="file to write (default: standard output)")
    return made


def main() -> None:
    """Write the page."""
    options = parser().parse_args()
    text = page(options)
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
