"""Pictures of graphs (`graph`), the chain rule in words (`explanation`), and the player."""
