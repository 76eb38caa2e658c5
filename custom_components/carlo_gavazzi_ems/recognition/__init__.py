"""Finding out what codes measure: what is read for it, when, and what was recognised."""
