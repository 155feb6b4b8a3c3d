"""What a person or a program asks of DevTrail: one typed function per use case.

The front ends (`tui`, `cli`) call these and nothing below. Each function takes the open `Services`, may block, and returns a
frozen value that carries its JSON shape and its closing sentence where it has one.
"""

from devtrail_tui.services import Services

__all__ = ["Services"]
