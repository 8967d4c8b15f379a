"""Matching of people judged and trained on files, apart from the stream."""
