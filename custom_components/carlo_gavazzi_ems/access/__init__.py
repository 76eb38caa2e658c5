"""How a gateway is reached, trusted and logged in to."""
