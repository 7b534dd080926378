"""Texts of other people's manner are no tests, and are not imported as such."""
collect_ignore_glob = ["texts/*", "planted/*"]
