"""The recipe of post 6705: the same as ``zhnlp generative run estimators_6705``."""

from zhnlp.generative.recipes.estimators_6705 import main

if __name__ == "__main__":
    main()
