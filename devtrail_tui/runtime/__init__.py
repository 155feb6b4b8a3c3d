"""Runs claimed jobs. Depends on store and core, not on Textual or click."""
