"""Requesters and staff: who they are, how they come in, and how they are written to."""
