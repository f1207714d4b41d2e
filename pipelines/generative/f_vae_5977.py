"""The recipe of post 5977: the same as ``zhnlp generative run 5977``."""

from zhnlp.generative.recipes.f_vae_5977 import main

if __name__ == "__main__":
    main()
