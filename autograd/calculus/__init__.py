"""What follows from the rules of `ops`, read as text: it knows formulas and numbers, no Value."""
