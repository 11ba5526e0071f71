"""Texts such as ``tanh(w*x + b)``, read into graphs."""
