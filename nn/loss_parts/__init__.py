"""What the losses of `nn` are made of."""
