"""From vectors to codes and back: one way a file."""
