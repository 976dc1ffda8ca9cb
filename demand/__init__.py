"""What vehicles need: trips, energy, adoption, hydrogen."""
