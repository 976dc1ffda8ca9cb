"""A scenario in, a plan out."""
