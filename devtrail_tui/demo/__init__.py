"""The demo: made-up data, and a GitHub and a Claude on loopback that serve it."""
