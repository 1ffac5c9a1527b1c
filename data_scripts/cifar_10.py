#!/usr/bin/env python
"""Fetch and verify CIFAR-10 (one archive of 170 MB), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("cifar-10", __doc__)
