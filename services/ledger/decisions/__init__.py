"""What people decided: whom an incident is about, which records and which incidents belong
together.
"""
