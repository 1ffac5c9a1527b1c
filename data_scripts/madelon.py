#!/usr/bin/env python
"""Fetch and verify Madelon (5 MB of text), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("madelon", __doc__)
