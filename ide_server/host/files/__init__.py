"""The files of models, as the page reads and writes them. No HTTP here."""

from ide_server.host.files.conditions import Condition, IfAbsent, IfMatch, check
from ide_server.host.files.files import Files
from ide_server.host.files.reading import OpenFile
from ide_server.host.files.trash import Trash
from ide_server.host.files.uploads import Uploads
from ide_server.host.files.writing import Written

__all__ = ["Condition", "Files", "IfAbsent", "IfMatch", "OpenFile", "Trash", "Uploads", "Written", "check"]
