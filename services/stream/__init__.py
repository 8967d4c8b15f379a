"""The Faust worker: batches of events through intake, identity and liaison, each in one
transaction.
"""
