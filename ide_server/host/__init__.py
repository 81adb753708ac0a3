"""The host process: owns all that must outlive the web process."""
