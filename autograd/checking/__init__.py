"""Is it right? Nudged derivatives, comparisons with PyTorch, and operations of one's own."""
