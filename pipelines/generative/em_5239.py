"""The recipe of post 5239: the same as ``zhnlp generative run 5239``."""

from zhnlp.generative.recipes.em_5239 import main

if __name__ == "__main__":
    main()
