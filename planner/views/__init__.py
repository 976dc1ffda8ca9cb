"""Drawings of what a Plan says."""
