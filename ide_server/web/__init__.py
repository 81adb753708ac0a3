"""The web process: sign-in, the page's files, and the relay to the host."""
