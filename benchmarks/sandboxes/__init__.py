"""What the sandbox benchmarks share: the contenders of the race, and what `/proc` tells."""
