"""Slipway: a self-hosted, browser-based IDE for code models."""

__version__ = "0.1.0"
