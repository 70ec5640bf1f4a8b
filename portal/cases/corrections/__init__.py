"""Corrections: what is challenged, who is asked, what is decided, and who has to be told (Articles 16, 18 and 19)."""
