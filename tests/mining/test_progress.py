"""Bars of stages: one within another, and streams that end in any order.

Run: pytest tests/mining/test_progress.py
"""

from zhnlp.mining.progress import Progress


def test_stages_end_in_any_order():
    progress = Progress(True)
    first, second = progress.stage("a", 4), progress.stage("b", 4)
    first.__enter__()
    second.__enter__()
    progress.advance(3)
    bar = progress._bars[-1]
    first.__exit__(None, None, None)
    progress.advance(1)
    assert bar.n == 4 and progress._bars == [bar]
    second.__exit__(None, None, None)
    progress.advance(1)  # no stage is open
    assert progress._bars == [] and bar.n == 4
