"""The properties of every region: what must hold, public and hidden. One file per assignment."""
