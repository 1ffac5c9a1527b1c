#!/usr/bin/env python
"""Fetch and verify CIFAR-100 (one archive of 169 MB), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("cifar-100", __doc__)
