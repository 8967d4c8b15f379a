"""The outbox on its way out: alert topics."""
