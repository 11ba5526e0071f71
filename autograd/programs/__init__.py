"""Programs: a function of Values traced once into a tape, and replayed without Values."""
