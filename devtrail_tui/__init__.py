"""DevTrail TUI collects evidence of an engineer's work in the terminal."""

__version__ = "0.1.0"
