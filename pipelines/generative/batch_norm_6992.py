"""The recipe of post 6992: the same as ``zhnlp generative run 6992``."""

from zhnlp.generative.recipes.batch_norm_6992 import main

if __name__ == "__main__":
    main()
