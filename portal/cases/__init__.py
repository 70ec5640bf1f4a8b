"""Cases: the ledger of what happened, the verbs that add to it, worklists, and what a case holds besides."""
