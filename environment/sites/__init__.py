"""Embedded sites: small server-rendered applications, each on one SQLite world."""
