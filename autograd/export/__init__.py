"""Printers of formulas in other languages."""
