"""Stories: outages, resets and wrong readings with the real integration and recorder, and the expected hours."""
