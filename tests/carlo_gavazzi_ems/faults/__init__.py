"""Every fault of the simulator, at every kind of request, in every situation."""
