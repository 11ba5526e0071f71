"""Trainings as films: pages that play what `fit` and optimisers did, and compute nothing."""
