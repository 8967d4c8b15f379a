"""Servers on this machine for trying and for tests. In production, addresses in the settings are
used instead.
"""
