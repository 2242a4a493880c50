"""Where everything that must survive the process is kept. See `base` for the contract."""
