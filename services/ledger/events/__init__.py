"""Events as they came, their receipts, and what was set aside."""
