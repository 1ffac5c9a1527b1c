"""Figures and tables of the papers made again: what is trained, drawn and claimed, and whether it holds."""
