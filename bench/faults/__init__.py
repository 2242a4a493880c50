"""What becomes of news when a channel fails in each way that there is: `python -m bench.faults` prints the table."""
