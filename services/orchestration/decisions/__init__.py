"""What people decide, at a desk or as reviewers: each in the caller's transaction, with all that
follows from it.
"""
