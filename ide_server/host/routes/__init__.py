"""HTTP and WebSocket in front of the host's owners; nothing here decides anything."""
