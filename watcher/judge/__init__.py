"""What a finding means: gate, health, policy and the machine. Pure: values and `now` in, values out.

`gate.admit` lets only proven findings through; `machine.step` applies the transition table to those.
"""
