"""The one way of an event: a batch through intake, identity and liaison, deadlines, and people's
decisions.
"""
