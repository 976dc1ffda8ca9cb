"""Where vehicles are served: coverage, flow refueling, sizing, supply, replay."""
