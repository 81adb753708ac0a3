"""How each process of a server logs: plainly, to stderr, with its own name."""

import logging


def log_plainly(process: str) -> None:
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s %(levelname)-7s {process}: %(message)s", datefmt="%H:%M:%S"
    )
    for chatty in ("httpx", "uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
