"""The readers: one file for each format in which data sets are published, each recognises its own layouts."""
