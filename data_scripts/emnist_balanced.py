#!/usr/bin/env python
"""Fetch and verify EMNIST Balanced (one archive of 562 MB with all EMNIST sets), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("emnist-balanced", __doc__)
