"""Headers of what leaves the server as a file: never run as part of the page, whatever it holds."""

from urllib.parse import quote


def attachment(name: str) -> dict[str, str]:
    """Named in UTF-8 (RFC 6266, section 5)."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
