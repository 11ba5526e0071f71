"""What users give, read and checked: settings, seeds, samples by their rows, numbers."""
