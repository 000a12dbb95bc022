"""Interlock: a merged commit becomes a verified production deployment, and nothing else does."""

__version__ = "0.1.0"
