"""Programs: each parses, builds, runs and prints; no logic lives here."""
