"""What the page says, in English and in Chinese."""

from __future__ import annotations

from zhnlp.mining.report.term_labels import TERM_LABELS

LANGUAGES = ("en", "zh")

_LABELS = {  # key: (English, Chinese)
    "title": ("New words", "新词"),
    "made": ("Made {when} with zhnlp {version}", "由 zhnlp {version} 生成于 {when}"),
    "skip_link": ("Skip to the words", "跳到词表"),
    "sections": ("Sections", "目录"),
    "no_script": (
        "The table and the plots need JavaScript, which is off. The page loads nothing from elsewhere.",
        "词表与图需要 JavaScript，目前已被关闭。本页不从任何其他地方加载内容。",
    ),
    # header numbers
    "words_found": ("words found", "找到的词"),
    "new_words": ("new words", "新词"),
    "characters_read": ("characters read", "读取的字符"),
    "seconds": ("seconds", "用时（秒）"),
    "a_second": ("{n} characters a second", "每秒 {n} 个字符"),
    "not_in_dictionary": ("{n} of the list, not in the dictionary", "占词表 {n}，词典未收"),
    "candidates_rejected": ("candidates rejected", "被剔除的候选"),
    "by_rules": ("rules: {n}", "规则 {n} 条"),
    "in_documents": ("in {n} documents", "共 {n} 篇文档"),
    # warnings
    "warnings": ("Please look", "请留意"),
    "skipped_warning": ("input skipped: {n}", "跳过了 {n} 处输入"),
    "repaired_warning": (
        "lines with broken bytes: {n} (kept, with � in place of the bytes)",
        "{n} 行含有损坏的字节；已保留该行，损坏处记作 �",
    ),
    "split_note": ("over-long lines cut: {n}", "{n} 行过长，已切开"),
    "duplicates_note": ("duplicates dropped: {n}", "去掉了 {n} 篇重复文档"),
    "blank_note": ("blank documents passed over: {n}", "略过了 {n} 篇空文档"),
    "encodings_note": (
        "files that are not UTF-8: {n} (see the corpus report)",
        "{n} 个文件不是 UTF-8（见语料报告）",
    ),
    "other": ("other", "其他"),
    "more": ("… and {n} more", "……另有 {n} 项"),
    # empty page
    "empty": ("No word was found", "没有找到词"),
    "empty_nothing": (
        "Nothing was read: the corpus has no characters. Check the paths, the text field and the encoding.",
        "什么也没有读到：语料没有字符。请检查路径、文本字段和编码。",
    ),
    "empty_little": (
        "The corpus is small ({characters} characters), and a candidate needs {min_count} occurrences. "
        "Give more text or lower min_count.",
        "语料很小（{characters} 个字符），而候选词至少要出现 {min_count} 次。请增加文本或降低 min_count。",
    ),
    "empty_strict": (
        "Text was read, but no candidate passed all thresholds ({thresholds}). Lower them or give more text.",
        "读到了文本，但没有候选词通过全部阈值（{thresholds}）。请降低阈值或增加文本。",
    ),
    "empty_rejected": (
        "Rules rejected {n} candidates, most of them the rule {rule}.",
        "规则剔除了 {n} 个候选，其中最多的是规则 {rule}。",
    ),
    "see_settings": ("see the settings below", "见下方的设置"),
    # table
    "words": ("Words", "词表"),
    "search": ("Search", "搜索"),
    "search_hint": ("part of a word", "词的一部分"),
    "only_new": ("only new", "只看新词"),
    "length": ("length", "长度"),
    "from": ("from", "从"),
    "to": ("to", "到"),
    "at_least": ("{heading} at least", "{heading}至少"),
    "reset": ("Reset", "重置"),
    "save": ("Take along", "下载"),
    "save_csv": ("Download the filtered list as CSV", "将筛选后的词表下载为 CSV"),
    "save_txt": ("Download the filtered words as text, one a line", "将筛选后的词下载为文本，每行一词"),
    "shown": ("{n} of {all} words", "{n} / {all} 个词"),
    "shown_all": ("{all} words", "{all} 个词"),
    "nothing_fits": ("No word fits these filters.", "没有符合筛选条件的词。"),
    "rank": ("rank", "名次"),
    "rank_meaning": ("Place in the list as it was mined.", "挖掘结果中的名次。"),
    "sort_hint": ("Activate to sort.", "点击排序。"),
    "new": ("new", "新词"),
    "known": ("known", "已收"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "previous": ("Previous page", "上一页"),
    "next": ("Next page", "下一页"),
    "page_of": ("page {n} of {all}", "第 {n} / {all} 页"),
    "per_page": ("rows a page", "每页行数"),
    "legend": ("What the numbers mean", "各列的含义"),
    "unit": ("unit", "单位"),
    # contexts
    "contexts": ("In context", "上下文"),
    "contexts_also": ("More lines of this report that contain it", "本页其他含有它的例句"),
    "no_context": ("No example line was kept for this word.", "没有为这个词保留例句。"),
    "document": ("document {n}", "文档 {n}"),
    "copy": ("Copy", "复制"),
    "copy_word": ("Copy the word", "复制这个词"),
    "copy_line": ("Copy the line", "复制这一行"),
    "copied": ("Copied", "已复制"),
    # what a row is bound to
    "part_of": ("Part of", "处于这些词内"),
    "same_cluster": ("In the same cluster, {name}", "同簇（{name}）"),
    "only_cluster": ("Show only its {n}", "只看该簇的 {n} 个"),
    # clusters
    "cluster_legend": ("Clusters: show only the chosen ones", "簇：只看选中的"),
    "cluster_filter": ("clusters: {names}", "簇：{names}"),
    "cluster_is": ("cluster {name}: {words}", "簇 {name}：{words}"),
    "other_clusters": ("{n} other clusters", "其他 {n} 个簇"),
    "no_cluster": ("in no cluster", "不在任何簇中"),
    # rejected candidates
    "rejected": ("Rejected candidates", "被剔除的候选"),
    "rejected_note": (
        "Each candidate is counted under the rule that rejected it.",
        "每个候选计入剔除它的那条规则。",
    ),
    "rule": ("rule", "规则"),
    "candidates": ("candidates", "候选数"),
    "share": ("share", "占比"),
    "examples": ("examples", "举例"),
    # plots
    "plot": ("plot", "图"),
    "keys_hint": (
        "Arrow keys go from point to point, Enter opens the row.",
        "方向键在各点间移动，回车打开所在行。",
    ),
    "plots": ("Plots", "图"),
    "plots_note": ("The plots show what the filters above let through.", "图随上方的筛选而变。"),
    "plot_score": ("Scores", "得分分布"),
    "plot_length": ("Word lengths", "词长分布"),
    "plot_zipf": ("Count by rank", "次数与名次"),
    "plot_scatter": ("Cohesion and freedom", "凝固度与自由度"),
    "plot_frequency": ("Here and elsewhere", "领域与参照"),
    "plot_map": ("Map of clusters", "簇的分布图"),
    "axis_domain": ("in the domain", "领域中"),
    "axis_reference": ("in the reference", "参照中"),
    "axis_rate": ("{name}: per million symbols (log)", "{name}：每百万符号（对数）"),
    "axis_score": ("score", "得分"),
    "axis_log": ("{name} (log)", "{name}（对数）"),
    "axis_words": ("words", "词数"),
    "axis_length": ("characters", "字符数"),
    "axis_rank": ("rank by count (log)", "按次数的名次（对数）"),
    "axis_count": ("count (log)", "次数（对数）"),
    "axis_pmi": ("cohesion: weakest PMI (nats)", "凝固度：最弱处的点互信息（奈特）"),
    "axis_entropy": ("freedom: lower of the two entropies (nats)", "自由度：左右熵的较小者（奈特）"),
    "caption_score": (
        "How the scores of {n} words are spread.",
        "{n} 个词的得分分布。",
    ),
    "caption_length": ("How many of {n} words have each length.", "{n} 个词中各长度的词数。"),
    "caption_zipf": (
        "{n} words from the most to the least frequent; a straight line is Zipf's law.",
        "{n} 个词按次数从多到少；若为直线即齐普夫律。",
    ),
    "caption_scatter": (
        "One point a word; good words lie up and to the right. {n} of {all} words drawn, the best first.",
        "一点一词，越靠右上越像词。绘出 {n} / {all} 个词，名次靠前者优先。",
    ),
    "caption_frequency": (
        "One point a term: the further up and to the left, the more the domain's own. {n} of {all} terms drawn, "
        "the best first.",
        "一点一词，越靠左上越为本领域所特有。绘出 {n} / {all} 个术语，名次靠前者优先。",
    ),
    "caption_band": (
        "The band at the left holds {n} terms that the reference does not have; across it they are only spread.",
        "左侧色带内是参照语料中没有的 {n} 个术语，在带内的左右位置没有含义。",
    ),
    "caption_map": (
        "Terms of like meaning lie together; the axes mean nothing. Colours and shapes are those of the largest "
        "clusters. {n} of {all} terms drawn, the best first.",
        "意义相近的术语彼此靠近，坐标轴本身没有含义。颜色与形状对应最大的几个簇。绘出 {n} / {all} 个术语，名次靠前者优先。",
    ),
    "per_million": ("{n} per million", "每百万 {n}"),
    "times": ("{n} times as frequent in the domain", "在领域中的频率是参照的 {n} 倍"),
    "point_hint": ("Click a point to find its word in the table.", "点击一点，即在词表中查找该词。"),
    "nothing_to_draw": ("Nothing to draw.", "无可绘制。"),
    # reports
    "corpus": ("Corpus report", "语料报告"),
    "settings": ("Settings", "设置"),
    "not_given": ("Nothing was handed over.", "未提供。"),
}

_KEYS = {  # keys of corpus and settings that have a Chinese or a clearer name
    "files": ("files", "文件"),
    "documents": ("documents", "文档"),
    "characters": ("characters", "字符"),
    "bytes": ("bytes", "字节"),
    "repaired_lines": ("repaired lines", "修复的行"),
    "split_lines": ("lines cut", "切开的行"),
    "duplicates": ("duplicates", "重复"),
    "skipped": ("skipped", "跳过"),
    "examples": ("examples of faults", "问题举例"),
    "encodings": ("encodings", "编码"),
    "path": ("path", "路径"),
    "line": ("line", "行"),
    "reason": ("reason", "原因"),
    "seconds": ("seconds", "秒"),
    "seed": ("seed", "随机种子"),
    "versions": ("versions", "版本"),
    "parameters": ("parameters", "参数"),
    "total": ("total", "合计"),
}


_KINDS = {"words": {}, "terms": TERM_LABELS}  # what a kind of page says in its own way


def labels(language: str, kind: str = "words") -> dict[str, str]:
    """Every label of the page in one language, for a list of "words" or of "terms".

    Raises:
        ValueError: the language is neither "en" nor "zh", or the kind is not known.

    Example:
        >>> labels("zh")["words"], labels("en", "terms")["title"]
        ('词表', 'Domain terms')
    """
    at = _place(language)
    if kind not in _KINDS:
        raise ValueError(
            f"kind={kind!r} is not known, expected 'words' or 'terms': the page has no other names for its rows"
        )
    return {key: both[at] for key, both in {**_LABELS, **_KINDS[kind]}.items()}


def key_name(key: str, language: str) -> str:
    """A key of the corpus report or the settings as the reader sees it; unknown keys stay as they are.

    Example:
        >>> key_name("repaired_lines", "en"), key_name("min_count", "zh")
        ('repaired lines', 'min_count')
    """
    return _KEYS[key][_place(language)] if key in _KEYS else key


def _place(language: str) -> int:
    if language not in LANGUAGES:
        raise ValueError(
            f"language={language!r} is not known, expected 'en' or 'zh': the page speaks these two only"
        )
    return LANGUAGES.index(language)
