"""A page of what the shipped GPT writes: beginnings of several kinds, temperatures, seeds.

    python pipelines/gpt_samples.py --out docs/samples.md                         # a minute of one core; without --out it is printed

Every text is the first one of its seed.  The same command writes the same page again, up to rounding between
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
    "A recipe": "红烧茄子的做法：茄子两个洗净切块，大蒜三瓣拍碎。锅中倒油烧热，",
    "An explanation": "为什么天空是蓝色的？这是因为太阳光",
    "A statute": "第一条 为了保护城市树木，改善生态环境，根据有关法律，制定本条例。\n第二条",
    "A dialogue": "来访者：我最近总是睡不好觉，白天没有精神。\n咨询师：",
    "An instruction": "要查看一个文件的内容，可以在终端里输入命令。例如，",
}
TEMPERATURES = (0.5, 0.8, 1.0)
PAGE = """# What the shipped GPT writes

Texts of `{model}` on beginnings that were written for this page, so that one can see what to expect of five million weights before
installing anything. It knows how such texts sound, and few facts: what it says is not to be trusted, and names and numbers in it are made up.
Each text is the first one of its seed.

```bash
python pipelines/gpt_samples.py {command}
```

made this page; each text is that of

```text
pipeline("text-generation"{given}, max_new_tokens={most}, temperature=…, seed={seed})(beginning)
```

with the other options as they are, {options}.
zhnlp {zhnlp}, torch {torch}; another processor may round another way, and then a text goes another way too.
A low temperature is safe and dull; at 1 the model's own chances count, of the tokens that top-k and top-p leave.
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
            command=f"--seed {options.seed} --out docs/samples.md",
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
    add("--seed", type=int, default=1, help="of every text (default: %(default)s)")
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
