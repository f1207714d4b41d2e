"""The recipe of post 6139: the same as ``zhnlp generative run 6139``."""

from zhnlp.generative.recipes.wgan_div_6139 import main

if __name__ == "__main__":
    main()
