"""Evaluate career-development programs of Indonesia's civil servants (ASN)."""

__version__ = "0.1.0"
