"""Doubles for rehearsing the running system: a tiny site with bad days, scripted plan and policy.

They are part of the package because worker processes import them: tests, `verify_implementation`
and the benchmarks run them on Ray.
"""
