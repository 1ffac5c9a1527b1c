#!/usr/bin/env python
"""Fetch and verify MNIST (11 MB), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("mnist", __doc__)
