"""Training of the web policies: what a run is made of, its folder, its stages."""
