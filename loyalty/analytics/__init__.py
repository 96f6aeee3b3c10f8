"""Figures over what happened anywhere; decides nothing."""
