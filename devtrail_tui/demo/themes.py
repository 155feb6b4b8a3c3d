"""Themes of engineering work and the words that give them away, in pull requests and in criteria alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

THEMES: Mapping[str, Sequence[str]] = {
    "debugging": ("root cause", "debug", "reproduc", "traced", "diagnos", "bisect", "regression", "turned out"),
    "incident": ("incident", "outage", "on-call", "oncall", "postmortem", "post-mortem", "pager", "mitigat", "recover"),
    "performance": ("performance", "latency", "faster", "slow", "p95", "p99", "throughput", "bundle", "n+1", "efficien"),
    "reliability": ("retry", "retries", "idempot", "timeout", "resilien", "reliab", "circuit", "backoff", "degrad"),
    "testing": ("test", "coverage", "flaky", "fixture", "regression"),
    "security": ("security", "secret", "token", "permission", "csrf", "xss", "vulnerab", "privacy", "encrypt"),
    "accessibility": ("accessib", "screen reader", "keyboard", "aria", "contrast", "focus", "inclusive"),
    "mentoring": ("mentor", "pairing", "paired", "teach", "coach", "learn", "happy to pair", "grow", "explain"),
    "review": ("review", "feedback", "suggest", "nit", "constructive", "blocking"),
    "documentation": ("document", "docs", "readme", "runbook", "guide", "write-up", "adr", "knowledge"),
    "architecture": ("architect", "boundary", "module", "interface", "decoupl", "design", "contract", "layer"),
    "data": ("migration", "backfill", "schema", "index", "database", "query", "data"),
    "observability": ("metric", "dashboard", "alert", "tracing", "trace", "log", "observab", "monitor"),
    "delivery": ("rollout", "feature flag", "behind a flag", "ship", "deliver", "milestone", "incremental", "stage"),
    "collaboration": ("team", "together", "align", "cross-", "stakeholder", "agreed", "collaborat", "support team"),
    "customer": ("customer", "user", "shopper", "merchant", "support ticket", "conversion", "business"),
    "simplicity": ("refactor", "simplif", "dead code", "cleanup", "clean up", "remove", "maintainab", "readab", "debt"),
    "automation": ("automat", "pipeline", "ci ", "build", "tooling", "script", "developer experience", "deploy"),
    "risk": ("risk", "trade-off", "tradeoff", "rollback", "fallback", "safe", "edge case", "careful"),
    "ownership": ("owner", "follow-up", "follow up", "initiative", "proactive", "accountab", "took over"),
}
