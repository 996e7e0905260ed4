"""What happened, in numbers; reads results and logs, runs nothing.

records.py, record_files.py    one evaluated episode, and files of them
log_fold.py                    records from the event log of a run
metrics/                       from episodes to one number, a file each
intervals/                     how sure a number is, from plain numbers
estimates.py                   a metric with its interval beside it
comparisons.py                 two arms on the same instances
curves.py, pareto.py, distributions.py    what figures draw
figures/                       from records to a file; the only door of matplotlib
"""
