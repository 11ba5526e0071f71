"""The chain rule as text, LaTeX and HTML; a value as equations; the backward pass as a graph."""
