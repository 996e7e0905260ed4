"""Language models behind one small protocol; wrappers add everything that is not adapting."""
