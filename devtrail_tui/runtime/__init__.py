"""Runs claimed jobs: knows the store and the core, neither Textual nor click."""
