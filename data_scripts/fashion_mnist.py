#!/usr/bin/env python
"""Fetch and verify Fashion-MNIST (30 MB), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("fashion-mnist", __doc__)
