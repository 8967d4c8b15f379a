"""The agencies' HTTPS door: events of the contract, FHIR R4 and HL7 v2, onto the agency's own
feed and no other.
"""
