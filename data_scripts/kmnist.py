#!/usr/bin/env python
"""Fetch and verify Kuzushiji-MNIST (21 MB), then print what it holds."""

from _present import main

if __name__ == "__main__":
    main("kmnist", __doc__)
