"""The same work given to this project and to its peers; ``python -m benchmarks`` prints ratios."""
