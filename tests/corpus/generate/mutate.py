def mutated_cases(base): return ()
