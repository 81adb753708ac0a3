"""A filesystem with exact limits on bytes and on files, over an ordinary directory tree."""
