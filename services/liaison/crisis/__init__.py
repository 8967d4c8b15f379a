"""What all agencies' records say of one crisis: facts, records, and the fold that makes them of
events in any order.
"""
