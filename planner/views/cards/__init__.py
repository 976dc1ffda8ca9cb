"""Cards of what was clicked: a station, a site, a base, a route."""
