"""Search: one index of everything that can be found, fed from the journal, behind three engines."""
