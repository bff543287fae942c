"""Results for other programs: a workbook with live formulas, tidy CSV, NetCDF by CF, IAMC's long format."""
