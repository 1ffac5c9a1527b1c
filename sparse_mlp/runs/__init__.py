"""A run: settings, and what is made of them. `sparse-mlp train` makes one, a campaign many."""
