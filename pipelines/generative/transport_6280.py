"""The recipe of post 6280: the same as ``zhnlp generative run transport_6280``."""

from zhnlp.generative.recipes.transport_6280 import main

if __name__ == "__main__":
    main()
