"""The ways to people, one file each. Channels do not know one another; each keeps the Channel contract."""
