"""What happened inside: the facts of every layer, and the walk of one picture through a network."""
