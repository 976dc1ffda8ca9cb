"""Drive every served trip along its route with a tank; shares no code with the optimizer."""
