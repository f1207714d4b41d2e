"""What a page on domain terms says in its own way, in English and in Chinese."""

from __future__ import annotations

TERM_LABELS = {  # key: (English, Chinese); the others are those of a page on new words
    "title": ("Domain terms", "领域术语"),
    "skip_link": ("Skip to the terms", "跳到术语表"),
    "no_script": (
        "The table and the plots need JavaScript, which is off. The page loads nothing from elsewhere.",
        "术语表与图需要 JavaScript，目前已被关闭。本页不从任何其他地方加载内容。",
    ),
    "words_found": ("terms found", "找到的术语"),
    "new_words": ("new terms", "新术语"),
    "not_in_dictionary": ("{n} of the list, not in the dictionary", "占术语表 {n}，词典未收"),
    "empty": ("No term was found", "没有找到术语"),
    "empty_strict": (
        "Text was read, but no candidate passed: thresholds {thresholds}. Lower them, give more text, or see "
        "whether the domain differs from its reference.",
        "读到了文本，但没有候选通过：阈值 {thresholds}。请降低阈值、增加文本，或检查领域语料与参照语料是否确有不同。",
    ),
    "words": ("Terms", "术语表"),
    "search_hint": ("part of a term", "术语的一部分"),
    "save_csv": ("Download the filtered list as CSV", "将筛选后的术语表下载为 CSV"),
    "save_txt": ("Download the filtered terms as text, one a line", "将筛选后的术语下载为文本，每行一个"),
    "shown": ("{n} of {all} terms", "{n} / {all} 个术语"),
    "shown_all": ("{all} terms", "{all} 个术语"),
    "nothing_fits": ("No term fits these filters.", "没有符合筛选条件的术语。"),
    "new": ("new", "新术语"),
    "no_context": ("No example line was kept for this term.", "没有为这个术语保留例句。"),
    "copy_word": ("Copy the term", "复制这个术语"),
    "plot_length": ("Term lengths", "术语长度"),
    "axis_words": ("terms", "术语数"),
    "caption_score": ("How the scores of {n} terms are spread.", "{n} 个术语的得分分布。"),
    "caption_length": ("How many of {n} terms have each length.", "{n} 个术语中各长度的术语数。"),
    "caption_zipf": (
        "{n} terms from the most to the least frequent; a straight line is Zipf's law.",
        "{n} 个术语按次数从多到少；若为直线即齐普夫律。",
    ),
    "point_hint": ("Click a point to find its term in the table.", "点击一点，即在表中查找该术语。"),
}
