"""How alike two values of a person are: names, dates of birth, codes, places, telephones."""
