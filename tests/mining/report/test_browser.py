"""The page of a lexicon in a browser: filters, orders, open rows, plots."""

import pytest


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("", ["深度学习", "学习", "的", "GPT-4o"]),
        ("q=学习", ["深度学习", "学习"]),
        ("q=ｇｐｔ", ["GPT-4o"]),
        ("q=习+度", ["深度学习"]),
        ("new=1&from=6", ["GPT-4o"]),
        ("to=1", ["的"]),
        ("min.count=60&min.score=0", ["深度学习", "学习"]),
        ("sort=count", ["的", "学习", "深度学习", "GPT-4o"]),
        ("sort=pmi&order=up", ["学习", "深度学习", "的", "GPT-4o"]),
        ("q=没有的", []),
    ],
)
def test_the_address_sets_filters_and_order(page_of, browser, fragment, words, lexicon):
    page = browser.open(page_of(lexicon), fragment)
    assert page.words == words
    assert ("No word fits these filters." in page.texts("#rows td")) == (not words)


def test_an_open_row_shows_its_line_and_plots_are_drawn(page_of, browser, lexicon):
    page = browser.open(page_of(lexicon), "open=1")
    assert page.texts(".detail li:first-child p")[0] == "他研究深度学习三年"
    assert page.texts(".detail mark")[0] == "深度学习"
    assert page.texts("figure h3") == ["Scores", "Cohesion and freedom", "Count by rank", "Word lengths"]
    assert len(page.texts("circle.point")) == 2


def test_a_point_leads_to_its_row_by_click_and_by_key(page_of, browser, lexicon):
    page = browser.open(page_of(lexicon), "sort=count")
    page.run("document.querySelector('#plot-scatter svg').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert page.texts("#tip") == ["学习\ncohesion 5.00, freedom 2.00"]
    page.press("Enter")
    assert page.fragment == "sort=count&order=down&open=2"
    assert page.run("document.activeElement.textContent") == "学习"


def test_hostile_words_are_only_text_in_a_browser(page_of, browser, hostile, line):
    word = "<b onclick=x>粗</b>" + hostile
    page = browser.open(
        page_of([{"word": word, "count": 1, "example": line("见 <i>斜</i> 体", "<i>")}]), "open=1"
    )
    assert page.words == [word]
    assert page.texts("mark") == ["<i>"]
    assert page.texts("b, i, img") == [] and len(page.texts("script")) == 2
    assert page.run("window.pwned === undefined")
