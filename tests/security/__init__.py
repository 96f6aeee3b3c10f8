"""What attackers would try."""
