"""Stories with a known end: outages, resets and wrong readings through a loaded integration and a real recorder."""
