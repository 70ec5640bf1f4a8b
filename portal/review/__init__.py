"""What of a record this requester may see: decisions, redactions, suggestions."""
