"""Where trucks can drive: roads, zones, sites, routes."""
