#!/usr/bin/env python
"""Fetch Lung (203 samples, 3,312 genes) and check its format, then print what it holds; no checksum is known of it."""

from _present import main

if __name__ == "__main__":
    main("lung", __doc__)
