"""The recipe of post 5887: the same as ``zhnlp generative run 5887``."""

from zhnlp.generative.recipes.cluster_vae_5887 import main

if __name__ == "__main__":
    main()
