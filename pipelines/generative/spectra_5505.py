"""The recipe of post 5505: the same as ``zhnlp generative run 5505``."""

from zhnlp.generative.recipes.spectra_5505 import main

if __name__ == "__main__":
    main()
