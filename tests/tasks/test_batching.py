"""Windows and batches: order kept, memory bounded, little padding.

Run: pytest tests/tasks/test_batching.py
"""

from itertools import count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.tasks.batching import BatchReport, Row, run_in_batches, windows


def run(items, lengths, budget=64, batch_size=None, **options):
    """Items doubled, by a network that only knows lengths."""
    report = BatchReport()
    seen = []

    def network(rows):
        seen.append([len(row.ids) for row in rows])
        return [2 * row.source for row in rows]

    def encode(window):
        return [Row([1] * lengths(item), item) for item in window]

    results = run_in_batches(
        items, encode, network, empty=lambda row: None, report=report,
        token_budget=budget, batch_size=batch_size, **options,
    )  # fmt: skip
    return results, report, seen


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=80), st.integers(1, 9))
def test_results_come_in_the_order_of_the_input(items, first):
    results, report, _ = run(items, lambda item: item, first=first)
    assert list(results) == [2 * item or None for item in items]  # those of length 0 never reach the network
    assert (report.texts, report.empty) == (len(items), items.count(0))
    assert report.tokens == sum(items) and 0 <= report.waste < 1


def test_a_stream_is_read_window_by_window():
    taken = []

    def endless():
        for number in count(1):
            taken.append(number)
            yield number

    results, _, _ = run(endless(), lambda item: 3, first=4)
    assert taken == [] and next(results) == 2 and len(taken) == 4
    assert list(islice(results, 4)) == [4, 6, 8, 10] and len(taken) == 12


def test_windows_stay_bounded():
    sizes = [len(window) for window in windows(["电"] * 20_000)]
    assert sizes[:4] == [32, 64, 128, 256] and max(sizes) == 4096 and sum(sizes) == 20_000
    assert [len(window) for window in windows(["电" * 3_000_000] * 5)] == [2, 2, 1]


def test_padding_by_hand():
    _, report, seen = (parts := run([9, 2, 8, 2, 1], lambda item: item, budget=18))
    list(parts[0])
    assert seen == [[9, 8], [2, 2, 1]]
    assert (report.batches, report.tokens, report.padding) == (2, 22, 2) and report.waste == pytest.approx(
        2 / 24
    )


def test_mixed_lengths_are_hardly_padded():
    """Lengths of 1 to 200, as they come, would be half padding in batches of 32."""
    lengths = [1 + 7919 * number % 200 for number in range(2000)]
    results, report, _ = run(range(2000), lambda item: lengths[item], budget=4096, first=4096)
    list(results)
    assert report.waste < 0.05
    naive = sum(32 * max(lengths[at : at + 32]) for at in range(0, 2000, 32))
    assert 1 - sum(lengths) / naive > 0.4
