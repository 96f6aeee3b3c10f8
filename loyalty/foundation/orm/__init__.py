"""Base models, raw SQL in sets and the installation of SQL files by migrations."""
