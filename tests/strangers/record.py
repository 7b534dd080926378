"""The record of the checker, counted: python tests/strangers/record.py."""
