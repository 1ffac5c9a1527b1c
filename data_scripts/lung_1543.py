#!/usr/bin/env python
"""Verify the Lung stand-in (the samples of Lung, 1,543 genes), which nobody offers for download, then print it."""

from _present import main

if __name__ == "__main__":
    main("lung-1543", __doc__)
