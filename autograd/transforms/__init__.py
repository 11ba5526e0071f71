"""Derivatives of functions, and sweeps whose results are Values."""
