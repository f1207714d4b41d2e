"""HarvestText's new-word discovery with its own defaults.

    ~/.cache/zhnlp-peers/harvesttext/bin/python benchmarks/peers/run_harvesttext.py INPUT.txt OUTPUT.json

``HarvestText().word_discover(text)``: strings of 2-5 characters by frequency, aggregation and neighbour
entropy, thresholds set from the length of the text (``auto_param=True``); a pandas frame sorted by frequency.
``entity_discover`` is not the entry point: it imports pyhanlp (not a declared dependency), which starts Java
and downloads models.
Seen: letters are deleted from the text, so no word with a letter can be found; failures inside are logged and
become an empty frame; the flag that should save memory on long texts chooses the version that needs more.
"""

from measure import Run

run = Run(
    "harvesttext",
    call="HarvestText().word_discover(text)",
    scores="log10(aggregation) * frequency * (left entropy + right entropy), the tool's own column",
    order="the tool: frequency, descending (its default sort_by)",
)
with run.imports():
    from harvesttext import HarvestText

with run.work():
    frame = HarvestText().word_discover(run.input.read_text(encoding="utf-8"))

columns = ["freq", "left_ent", "right_ent", "agg"]
run.write(
    [
        {"word": word, "score": float(row["score"]), **{name: float(row[name]) for name in columns}}
        for word, row in frame.iterrows()
    ]
)
