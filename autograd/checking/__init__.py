"""Is it right? Nudged derivatives, comparisons with PyTorch, operations and engines of one's own."""
