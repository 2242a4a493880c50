"""What commands and pages say, in words and tables, and what they take. No I/O."""
