"""Text that others chose, made safe to show."""
