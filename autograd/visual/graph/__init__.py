"""The picture of a graph: what it shows, where it lies, and how it is drawn."""
