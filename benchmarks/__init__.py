"""What the project has to reach, measured."""
