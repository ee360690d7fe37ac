"""A site to measure and to break: the local stack, with a wire on every way between its parts that matters."""
