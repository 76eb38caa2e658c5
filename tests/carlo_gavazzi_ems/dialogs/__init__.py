"""Tests of the room dialogs."""
