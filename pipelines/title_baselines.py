"""Titles without learning: the lead sentence, the lead cut to length, and the sentence that TextRank likes best."""

from __future__ import annotations

import networkx
from sklearn.feature_extraction.text import TfidfVectorizer

from zhnlp.text.sentences import split_sentences

SENTENCES = 40  # of an article that TextRank looks at


def lead(article: str) -> str:
    """The first sentence."""
    spans = split_sentences(article[:2000])
    return article[slice(*spans[0])] if spans else ""


def lead_cut(article: str, length: int) -> str:
    """The first sentence, at most ``length`` characters of it."""
    return lead(article)[:length]


def text_rank(article: str) -> str:
    """The sentence that is most like the others: PageRank over the cosines of their character bigrams.

    Source: Mihalcea and Tarau 2004, https://aclanthology.org/W04-3252
    """
    sentences = [article[start:end] for start, end in split_sentences(article)[:SENTENCES]]
    sentences = [sentence for sentence in sentences if len(sentence) > 1]
    if len(sentences) < 2:
        return "".join(sentences)
    weights = TfidfVectorizer(analyzer="char", ngram_range=(2, 2)).fit_transform(sentences)
    likeness = (weights @ weights.T).toarray()
    rank = networkx.pagerank(networkx.from_numpy_array(likeness))
    return sentences[max(rank, key=rank.__getitem__)]
