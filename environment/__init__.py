"""The web an agent acts on: tasks, judge, two browsers, embedded sites."""
