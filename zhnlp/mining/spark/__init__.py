"""Counting on a Spark cluster: the same trie and the same sums over the corpus as on one machine, bit for bit.

    sources.py, pieces.py       files on any Hadoop path → rows → documents, as the local readers make them
    symbolise.py                documents → counts of symbols; with the alphabet → encoded documents, kept on the cluster
    histograms.py               neighbours of symbols, of pairs …: entropies, and which n-grams are frequent
    plan.py                     what is counted where: buckets of n-grams, and the heads of those that are too large for one
    records.py                  map: an occurrence → a short context record, sent to its bucket
    grow.py                     reduce: a bucket's records → the unchanged kernel → nodes
    assembly.py                 nodes → one linked trie on the driver
    symbols.py                  sums over the encoded documents: segments, documents a word occurs in
    engine.py                   all of this in turn

Map and reduce are plain functions from Arrow record batches to Arrow record batches; only shuffle.py, sources.py,
symbols.py and engine.py know Spark.  pyspark is imported when an engine is made: ``pip install "zhnlp[spark]"``.
"""
