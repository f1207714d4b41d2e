"""The page of domain terms in a browser: both plots, the legend, bound terms, the address, the keyboard."""

import re

import pytest

SETTINGS = {"symbols": 1_000_000, "reference_symbols": 2_000_000}


@pytest.fixture
def opened(page_of, browser, terms):
    def opened(fragment="", rows=terms, **options):
        return browser.open(page_of(rows, **{"kind": "terms", "settings": SETTINGS, **options}), fragment)

    return opened


def places(page, plot, selector=".point"):
    """Where the marks of a plot lie, in its own pixels."""
    script = f"[...document.querySelectorAll('#plot-{plot} {selector}')]"
    return page.run(script + ".map(e => { const b = e.getBBox(); return [b.x, b.y, b.width, b.height]; })")


def test_the_plots_of_terms_come_first_and_a_lexicon_has_none_of_them(opened, lexicon, browser, page_of):
    headings = ["Here and elsewhere", "Map of clusters", "Scores", "Count by rank", "Term lengths"]
    assert opened().texts("figure h3") == headings
    assert browser.open(page_of(lexicon)).texts("#plot-frequency, #plot-map, .groups") == []


def test_frequency_is_per_million_and_absent_terms_have_a_band(opened, terms):
    page = opened()
    band = places(page, "frequency", ".band")[0]
    marks = places(page, "frequency")
    inside = [band[0] <= x and x + wide <= band[0] + band[2] for x, _, wide, _ in marks]
    assert inside.count(True) == sum(row["reference_count"] == 0 for row in terms) == 2
    page.run("document.querySelector('#plot-frequency svg').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert page.texts("#tip") == [
        "变压器\ncount 900 (900 per million)\nin reference 40 (20 per million)\n45 times as frequent in the domain"
    ]


def test_without_totals_counts_are_plotted_as_they_are(opened):
    page = opened(settings={})
    page.run("document.querySelector('#plot-frequency svg').focus()")
    page.press("End")
    assert page.texts("#tip") == ["合同法\ncount 20\nin reference 0"]
    assert page.texts("#plot-frequency line.ratio") == []
    assert "in the domain (log)" in page.texts("#plot-frequency text")


@pytest.mark.parametrize("reference", [0, 3])
def test_a_reference_that_has_no_term_or_every_term(opened, terms, reference):
    page = opened(rows=[{**row, "reference_count": reference} for row in terms])
    assert len(places(page, "frequency")) == 5
    assert len(places(page, "frequency", ".band")) == (reference == 0)
    assert all(x == x and 0 < x < 1300 for x, *_ in places(page, "frequency"))


def test_labels_do_not_overlap(opened, terms):
    many = [
        {
            **terms[0],
            "term": f"术语{i}号",
            "count": 5 + i % 37,
            "reference_count": i % 11,
            "x": i % 17,
            "y": i % 13,
        }
        for i in range(400)
    ]
    page = opened(rows=many)
    for plot in ("frequency", "map"):
        boxes = places(page, plot, "text.word")
        assert len(boxes) >= 8
        for at, (x, y, wide, _) in enumerate(boxes):
            for x2, y2, wide2, _ in boxes[:at]:
                assert x + wide <= x2 + 1 or x2 + wide2 <= x + 1 or abs(y - y2) >= 12


def test_a_legend_of_the_map_filters_all_and_the_way_back(opened):
    page = opened()
    assert page.texts(".groups .name") == ["主变压器, 变压器", "合同, 合同法", "in no cluster"]
    assert page.texts(".groups small") == ["2", "2", "1"]
    page.click(".groups button", 1)
    assert page.words == ["合同", "合同法"] and page.fragment == "cluster=1"
    assert len(places(page, "map", "path.point")) == 2 and len(places(page, "map", ".faint")) == 2
    page.click(".groups button", 2)
    assert page.words == ["合同", "条款", "合同法"]
    assert page.texts("#cluster-filter") == ["clusters: 合同, in no cluster ✕"]
    page.click("#cluster-filter")
    assert len(page.words) == 5 and page.fragment == ""


def test_clusters_beyond_the_colours_are_one_group(opened, terms):
    rows = [{**terms[0], "term": f"词{i}", "cluster": i // 2, "x": i, "y": -i} for i in range(24)]
    page = opened(rows=rows)
    assert page.texts(".groups .name")[8:] == ["4 other clusters"]
    assert len(places(page, "map", "path.point.other")) == 8
    page.click(".groups button", 8)
    assert page.words == [f"词{i}" for i in range(16, 24)]
    page = opened("cluster==9", rows=rows)  # one of them alone
    assert page.words == ["词18", "词19"]


def test_an_open_term_shows_what_it_is_bound_to_and_leads_there(opened):
    page = opened("open=2")
    assert page.texts(".detail h3")[:4] == [
        "Part of",
        "variants",
        "In the same cluster, 7Show only its 2",
        "In context",
    ]
    assert page.texts(".detail .chip") == ["主变压器", "變壓器", "主变压器"]
    assert page.texts(".detail span.chip") == ["變壓器"]  # no row of its own
    page.click(".detail button.chip")
    assert page.fragment == "open=1" and page.texts(".detail .chip")[0] == "变压器"
    page.click(".detail h3 button")
    assert page.words == ["主变压器", "变压器"]


def test_a_bound_term_that_a_filter_hides_is_found_all_the_same(opened):
    page = opened("q=主变&open=1&sort=count")
    assert page.words == ["主变压器"]
    page.click(".detail button.chip")
    assert page.fragment == "sort=count&order=down&open=2" and len(page.words) == 5


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("q=變壓器", ["变压器"]),  # by another spelling
        ("sort=nested", ["合同法", "主变压器", "变压器", "合同", "条款"]),
        ("sort=cluster", ["合同", "合同法", "主变压器", "变压器", "条款"]),
        ("cluster=-", ["条款"]),
        ("cluster=none such", []),
    ],
)
def test_the_address_of_a_view_of_terms(opened, fragment, words):
    assert opened(fragment).words == words


def test_the_keyboard_walks_the_map_and_opens_a_row(opened):
    page = opened()
    svg = "document.querySelector('#plot-map svg[tabindex]')"
    page.run(f"{svg}.focus()")
    page.press("End", "ArrowLeft", "Enter")
    assert page.fragment == "open=3" and page.run("document.activeElement.textContent") == "合同"
    assert page.run(f"{svg}.getAttribute('aria-label')") == "Map of clusters"


def test_a_click_on_a_mark_opens_its_row(opened):
    page = opened()
    x, y = page.run(
        "(() => { const mark = document.querySelectorAll('#plot-frequency circle.point')[0]; mark.scrollIntoView({behavior: 'instant', block: 'center'});"
        " const b = mark.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.run("new Promise(done => setTimeout(done, 250))")
    assert re.fullmatch(r"open=\d", page.fragment)


def test_lists_are_joined_in_the_download(opened):
    page = opened()
    page.run(
        "window.saved = []; URL.createObjectURL = blob => { window.saved.push(blob.text()); return 'blob:x'; }"
    )
    page.click("#save-csv")
    lines = page.run("window.saved[0]").replace("\ufeff", "").split("\r\n")
    head, *rows = (line.split(",") for line in lines[:6])
    assert [row[head.index("nested")] for row in rows] == ["变压器", "", "", "", "合同|同法"]
    assert "x" not in head


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_its_window(opened, width):
    page = opened(
        "open=1", settings={**SETTINGS, "rejected": {"r" * 60: {"count": 1, "examples": ["词" * 90]}}}
    )
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    try:
        page.run("new Promise(done => setTimeout(done, 400))")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert max(x + w for x, _, w, _ in places(page, "frequency")) <= width
    finally:
        page.ask("Emulation.clearDeviceMetricsOverride")
