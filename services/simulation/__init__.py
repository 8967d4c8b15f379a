"""The ledger in memory, and what runs on it: replay, backtest, explain."""
