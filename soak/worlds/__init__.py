"""Outages of all kinds in simulated time: each hour in Home Assistant's database is compared with the meter's truth."""
