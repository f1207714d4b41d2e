"""The recipe of post 6583: the same as ``zhnlp generative run 6583``."""

from zhnlp.generative.recipes.dirac_gan_6583 import main

if __name__ == "__main__":
    main()
