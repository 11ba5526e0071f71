"""The chain rule, written out: in text, LaTeX and HTML; and the backward pass as a graph."""
