"""What holds for all tests."""

import logging

# Home Assistant's plugin prints every statement of a database, and every line twice: here and for a test that failed.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger().handlers.clear()
