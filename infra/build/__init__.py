"""Build steps: the dependencies layer, bytecode and sizes. Run by `make build`, never part of what is deployed."""
