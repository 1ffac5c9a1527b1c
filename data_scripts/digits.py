#!/usr/bin/env python
"""Load the handwritten digits that come with scikit-learn (no network), then print what they hold."""

from _present import main

if __name__ == "__main__":
    main("digits", __doc__)
