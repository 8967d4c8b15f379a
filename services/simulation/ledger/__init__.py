"""The ledger's port in memory: for replay, backtest and tests."""
