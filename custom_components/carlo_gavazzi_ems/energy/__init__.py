"""What the Energy dashboard lacks of a gateway's meters: data in, data out."""
