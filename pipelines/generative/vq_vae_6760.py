"""The recipe of post 6760: the same as ``zhnlp generative run 6760``."""

from zhnlp.generative.recipes.vq_vae_6760 import main

if __name__ == "__main__":
    main()
