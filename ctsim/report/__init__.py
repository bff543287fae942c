"""What people read of a sealed run: one HTML file with every number of it, its place in the report and its reasons."""
