"""What a node leans on: arguments, modes, hooks, pickles, NumPy, nested structures."""
