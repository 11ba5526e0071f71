"""Is it right? Nudging, gradcheck, operations of one's own, PyTorch, and students' classes."""
