"""Networks, one a file, and the door they are loaded through."""
