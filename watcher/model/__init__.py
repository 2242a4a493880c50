"""The values that every room speaks: frozen, no behaviour beyond arithmetic on themselves, no I/O."""
