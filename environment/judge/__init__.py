"""Judges what an episode did: the benchmark's evaluators, final-state check, safety."""
