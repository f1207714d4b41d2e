"""The companion: generative models, and the theory behind how models learn.  Nothing outside imports it."""
