#!/usr/bin/env python
"""Fetch and verify EMNIST Letters (one archive of 562 MB with all EMNIST sets), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("emnist-letters", __doc__)
