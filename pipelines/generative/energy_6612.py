"""The recipe of post 6612: the same as ``zhnlp generative run 6612``."""

from zhnlp.generative.recipes.energy_6612 import main

if __name__ == "__main__":
    main()
