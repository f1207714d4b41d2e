"""The recipe of post 6910: the same as ``zhnlp generative run 6910``."""

from zhnlp.generative.recipes.hsic_6910 import main

if __name__ == "__main__":
    main()
