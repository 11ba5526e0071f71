"""Models out to other programs, and in from them."""
