"""What happened, in numbers; reads results and logs, runs nothing."""
