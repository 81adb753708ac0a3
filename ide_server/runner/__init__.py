"""What runs beside a model's code: `python/` and `node/`. Nothing here is imported by the server."""
