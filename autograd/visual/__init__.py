"""Pictures of graphs (`graph`), chain rule and formulas (`explanation`), and the player."""
