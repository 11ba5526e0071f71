"""Which class a prediction means, and how one knows."""
