"""What the stages cost, in CPU time, beside a reference loop of the same run: `python -m bench`.

What is asked of a platform in batches: `python -m bench.batches`.
"""
