"""Readers of other people's files of weights, one file a format; some write, too."""
