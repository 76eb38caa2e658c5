"""Measures of the data: aligned series, goodness of fit, counter levels, integrals."""
