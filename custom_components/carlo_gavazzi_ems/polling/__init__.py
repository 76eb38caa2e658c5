"""When a gateway is asked, and how patiently."""
