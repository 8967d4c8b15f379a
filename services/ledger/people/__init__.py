"""People on file: the register, the shortlist of the matcher, the questions to the national trace."""
