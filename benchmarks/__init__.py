"""What ctsim's speed, memory and accuracy are measured with: `make bench`. Imports nothing of ctsim by itself."""
