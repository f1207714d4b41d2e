"""The recipe of post 5253: the same as ``zhnlp generative run 5253``."""

from zhnlp.generative.recipes.vae_5253 import main

if __name__ == "__main__":
    main()
