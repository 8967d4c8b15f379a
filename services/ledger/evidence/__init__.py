"""The audit as evidence: its chain, where the chain ended each minute, and what it holds of somebody."""
