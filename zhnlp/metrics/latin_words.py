"""Words of the Latin parts of an answer, as the scorer of CMRC2018 cuts them: the rules of the Penn Treebank in NLTK's form.

Only what can occur there is written down: the text is in lower case, and - : _ * ^ / \\ ~ ` + = and curly quotes on the right are
gone.  One thing differs: NLTK looks for ends of sentences first, with a trained model that is no part of a package, and cuts
off the point of each.  Here only the last point is cut off.  Of the 19,799 answers of CMRC2018's train and dev sets, 17 have a
point, a blank and a letter in a row.

Source: Marcus, Santorini and Marcinkiewicz 1993, Building a Large Annotated Corpus of English: The Penn Treebank
"""

from __future__ import annotations

import re

_OPENING, _CLOSING = "``", "''"  # what a straight quote becomes
_CLITIC = "re|ve|ll|m|t|s|d|n"

_RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # quotes that open
        (r"([«“‘„])", r" \1 "),
        (r'^"', f" {_OPENING} "),
        (r"([ (\[{<])(?:\"|'')", rf"\1 {_OPENING} "),
        (rf"(?<!\w)'(?!(?:{_CLITIC})\b)(?=\w)", "' "),
        # the last point, and what may stand behind it
        (r"([^.])\.([\])}>\"'»”’ ]*)\s*$", r"\1 . \2 "),
        # signs; a comma inside a number stays
        (r",([^\d])", r" , \1"),
        (r",$", " , "),
        (r"(\.{2,})", r" \1 "),
        (r"([;@#$%&?!\u2012-\u2015])", r" \1 "),
        (r"([^'])' ", r"\1 ' "),
        (r"([\[\](){}<>])", r" \1 "),
        # quotes that close
        (r"^|$", " "),
        (r"([»”’])", r" \1 "),
        (r"''|\"", f" {_CLOSING} "),
        (r"\s+", " "),
        # what hangs on a word
        (r"([^' ])('[smd]|') ", r"\1 \2 "),
        (r"([^' ])('(?:ll|re|ve)|n't) ", r"\1 \2 "),
        (r"\b(can)(not)\b", r" \1 \2 "),
        (r"\b(d)('ye)\b", r" \1 \2 "),
        (r"\b(gim|lem)(me)\b", r" \1 \2 "),
        (r"\b(gon)(na)\b", r" \1 \2 "),
        (r"\b(got)(ta)\b", r" \1 \2 "),
        (r"\b(more)('n)\b", r" \1 \2 "),
        (r"\b(wan)(na)(?=\s)", r" \1 \2 "),
        (r" ('t)(is|was)\b", r" \1 \2 "),
    )
]


def latin_words(text: str) -> list[str]:
    """The words and signs of a text without Chinese, in lower case.

    Example:
        >>> latin_words("he won't pay $3.50 (u.s.), ok.")
        ['he', 'wo', "n't", 'pay', '$', '3.50', '(', 'u.s.', ')', ',', 'ok', '.']
    """
    if not text or text.isspace():
        return []
    if text.isalnum() and not text.endswith(("not", "me", "na", "ta")):  # nothing for a rule to find
        return [text]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()
