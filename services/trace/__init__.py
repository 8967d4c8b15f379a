"""Tracing NHS numbers against the Personal Demographics Service: beside the stream, never in its
way.
"""
