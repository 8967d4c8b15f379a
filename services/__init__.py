"""The rooms of the house: each package is one service or one part of the heart."""
