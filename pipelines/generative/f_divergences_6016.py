"""The recipe of post 6016: the same as ``zhnlp generative run 6016``."""

from zhnlp.generative.recipes.f_divergences_6016 import main

if __name__ == "__main__":
    main()
