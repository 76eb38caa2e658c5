"""What is measured of the data: series put in order, how well things fit, levels, integrals."""
