"""The eleven minutes of 2 November 2017, played by the same code that watches: its platform, its sink, its script."""
