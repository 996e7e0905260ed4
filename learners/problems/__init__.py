"""Constrained problems with known optima, as vectorised environments in numpy.

tabular         any finite problem with a per-step stop: the environment
optimum         its optimum by linear programming (scipy)
exact           S0, S1, M1, M1b, M3, with their published optima
random_cmdp     random problems of the same kind
drift           a continuous one with a closed-form optimum
"""
