"""What every domain stands on; no loyalty word appears here."""
