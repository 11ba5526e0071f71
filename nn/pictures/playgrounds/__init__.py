"""The playground: a network alive in a page, which trains it there."""
