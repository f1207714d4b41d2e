"""Pages of the posts from what the recipes wrote: claim, command, figures against bars, pictures.

    for post in …: zhnlp generative run POST           # writes workdir/generative/POST/{figures.json,*.png}
    python pipelines/generative/build_posts.py         # writes docs/posts/POST.md, docs/posts/README.md, docs/images/generative/

The pages are those of the results that are there: keep all of them below one folder.  The same results give the same files.
Pictures are made smaller until all together are below 3 MB.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zhnlp.generative.recipes.claims import table

LIMIT = 3_000_000  # bytes of all pictures
LADDER = ((1000, 128), (800, 64), (640, 32), (480, 16), (360, 8))  # greatest width in pixels, colours
KEYS = {"post", "posts", "title", "claimed", "command", "quick", "seeds", "seconds", "machine", "claims"} | {
    "address",
    "pictures",
}


def main(argv: Sequence[str] | None = None) -> list[Path]:
    """Read results, write pages; returns the paths of the pages, the index last."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--results", type=Path, default=Path("workdir/generative"), help="default: %(default)s"
    )
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="take results of --quick runs too")
    options = parser.parse_args(argv)
    try:
        return build(options.results, options.docs, options.quick)
    except (ValueError, OSError, ImportError) as error:
        print(f"build_posts: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def build(results: Path, docs: Path, quick: bool = False, limit: int = LIMIT) -> list[Path]:
    """All pages of the results below a folder.

    Raises:
        ValueError: there are none, one is of a quick run or incomplete, or pictures do not fit.
    """
    runs = [read(path, quick) for path in sorted(results.rglob("figures.json"))]
    if not runs:
        raise ValueError(
            f"no figures.json below {results}: expected results of recipes. Next: zhnlp generative run 5253"
        )
    names = [run["name"] for run in runs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two results of {', '.join(twice)} below {results}: expected one of each recipe")
    pictures = shrunk([picture for run in runs for picture in sources(run)], limit)
    by_post: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        by_post[run["post"]].append(run)
        home = docs / "images/generative" / run["name"]
        home.mkdir(parents=True, exist_ok=True)
        for old in home.iterdir():
            if old.suffix in (".png", ".gif"):
                old.unlink()
        for source in sources(run):
            (home / source.name).write_bytes(pictures[source])
    (docs / "posts").mkdir(parents=True, exist_ok=True)
    pages = {docs / "posts" / f"{post}.md": page(by_post[post]) for post in sorted(by_post)}
    pages[docs / "posts/README.md"] = index(by_post)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    size = sum(map(len, pictures.values()))
    print(f"{len(pages) - 1} pages, {len(pictures)} pictures of {size / 1e6:.2f} MB", file=sys.stderr)
    return list(pages)


def read(path: Path, quick: bool) -> dict[str, Any]:
    """A figures.json, with ``folder`` and ``name`` of the recipe's run."""
    run = json.loads(path.read_text(encoding="utf-8"))
    if lacking := sorted(KEYS - set(run)):
        raise ValueError(
            f"{path} lacks {', '.join(lacking)}: expected what a recipe of this version writes. Next: run it again"
        )
    if run["quick"] and not quick:
        raise ValueError(
            f"{path} is of a --quick run, whose figures are not the recipe's. Next: {run['command'].replace(' --quick', '')}, "
            "or build_posts.py --quick to look at pages"
        )
    return run | {"folder": path.parent, "name": run["command"].split()[3]}


def sources(run: dict[str, Any]) -> list[Path]:
    """The paths of its pictures."""
    return [run["folder"] / picture["file"] for picture in run["pictures"]]


def shrunk(paths: Sequence[Path], limit: int) -> dict[Path, bytes]:
    """Files of the pictures, below ``limit`` bytes together: as wide and as colourful as that allows."""
    for width, colours in LADDER:
        made = {path: smaller(path, width, colours) for path in paths}
        if sum(map(len, made.values())) < limit:
            return made
    raise ValueError(
        f"{len(paths)} pictures have {sum(map(len, made.values())):,} bytes at the smallest: expected below {limit:,}. "
        "Next: recipes with fewer pictures"
    )


def smaller(path: Path, width: int, colours: int) -> bytes:
    """A PNG, or GIF with all its frames, of at most that width, with a palette."""
    try:
        from PIL import Image, ImageSequence
    except ImportError as error:
        raise ImportError('pictures need Pillow. Next: pip install "zhnlp[plot]"') from error
    with Image.open(path) as image:
        kind, pause = image.format, image.info.get("duration", 40)
        frames = []
        for frame in ImageSequence.Iterator(image):
            drawn = Image.new("RGB", frame.size, "white")
            seen = frame.convert("RGBA")
            drawn.paste(seen, mask=seen.getchannel("A"))
            if drawn.width > width:
                drawn = drawn.resize((width, round(drawn.height * width / drawn.width)), Image.LANCZOS)
            frames.append(drawn.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))
    held = io.BytesIO()
    if kind == "GIF":
        frames[0].save(
            held, "GIF", save_all=True, append_images=frames[1:], duration=pause, loop=0, optimize=True
        )
    else:
        frames[0].save(held, "PNG", optimize=True)
    return held.getvalue()


def page(runs: Sequence[dict[str, Any]]) -> str:
    """The page of a post."""
    runs = sorted(runs, key=lambda run: run["name"])
    if len(runs) == 1:
        return f"# {runs[0]['title']}\n\n{section(runs[0])}"
    parts = [f"# Post {runs[0]['post']}\n"]
    parts += [f"## {run['title']}\n\n{section(run)}" for run in runs]
    return "\n".join(parts)


def section(run: dict[str, Any]) -> str:
    """What one recipe claims, and found."""
    posts = ", ".join(f"[{post}](https://kexue.fm/archives/{post})" for post in run["posts"])
    where, count = run["machine"], run["seeds"]
    lines = [
        f"{'Post' if len(run['posts']) == 1 else 'Posts'} {posts}.",
        f"**Claim:** {run['claimed']}",
        f"```bash\n{run['command']}\n```",
        table(run["claims"], seeds=any(len(row["seeds"]) > 1 for row in run["claims"])),
        f"{bars(run)} {count} seed{'s' * (count > 1)}; {run['seconds']:.0f} s on {where['cores']} cores ({where['cpu']}), "
        f"{where['date']}{', commit ' + where['commit'] if where.get('commit') else ''}."
        + " **Of a --quick run.**"
        * run["quick"],
    ]
    for picture in run["pictures"]:
        caption = picture["caption"].rstrip(".")
        lines.append(f"![{caption}](../images/generative/{run['name']}/{picture['file']})\n\n*{caption}.*")
    return "\n\n".join(lines) + "\n"


def bars(run: dict[str, Any]) -> str:
    """How many bars are met."""
    held = [row["met"] for row in run["claims"] if row["met"] is not None]
    return f"{sum(held)} of {len(held)} bars met." if held else "No bars."


def index(by_post: dict[int, list[dict[str, Any]]]) -> str:
    """The table of all posts; posts that a recipe only touches point to its page."""
    lines = [
        "# Posts, each run",
        "Built by `python pipelines/generative/build_posts.py` from what the recipes wrote; a figure below its bar stands as it is.",
    ]
    rows = ["| post | recipe | command | bars |", "| --- | --- | --- | --- |"]
    touched: dict[int, set[int]] = defaultdict(set)
    for post in sorted(by_post):
        for run in sorted(by_post[post], key=lambda run: run["name"]):
            rows.append(
                f"| [{post}]({run['address']}) | [{run['title']}]({post}.md) | `{run['command']}` | {bars(run)} |"
            )
            for other in run["posts"]:
                if other not in by_post:
                    touched[other].add(post)
    lines.append("\n".join(rows))
    if touched:
        also = (
            f"[{other}](https://kexue.fm/archives/{other}) in "
            + ", ".join(f"[{post}]({post}.md)" for post in sorted(touched[other]))
            for other in sorted(touched)
        )
        lines.append(f"Also: {'; '.join(also)}.")
    return "\n\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
