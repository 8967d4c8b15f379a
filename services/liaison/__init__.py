"""The heart: which incidents are one crisis, what holds for it, who is told and by when.

Pure functions: time is an argument, and neither Kafka, PostgreSQL nor a clock is imported here.
"""
