"""Where tasks come from: the official benchmark, generated instances and files."""
