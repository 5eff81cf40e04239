"""Issue, seal, settle, track record: a forecast's life, and the ledger that proves it."""
