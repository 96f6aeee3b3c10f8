"""The databases in which sets of customers may be."""
