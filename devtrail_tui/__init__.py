"""DevTrail TUI collects the evidence of an engineer's year in the terminal."""

__version__ = "0.1.0"
