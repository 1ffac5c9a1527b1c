"""Speed and memory of sparse_mlp, measured next to other libraries, an older version and the machine's limits.

Run ``python -m benchmarks NAME`` in the root of the repository; the README in this folder says what each name measures.
"""
