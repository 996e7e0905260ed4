"""How to decide, without torch: candidates, features, tiers, profiles and scorers."""
