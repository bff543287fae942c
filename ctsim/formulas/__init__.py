"""The report's equations, one module a programme: plain scalar functions of parameters with unit annotations."""
