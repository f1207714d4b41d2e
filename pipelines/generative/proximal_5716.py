"""The recipe of post 5716: the same as ``zhnlp generative run 5716``."""

from zhnlp.generative.recipes.proximal_5716 import main

if __name__ == "__main__":
    main()
