"""Looking for text and for names in a model's files."""

from ide_server.host.search.search import Search

__all__ = ["Search"]
