"""The recipe of post 6705: the same as ``zhnlp generative run discrete_vae_6705``."""

from zhnlp.generative.recipes.discrete_vae_6705 import main

if __name__ == "__main__":
    main()
