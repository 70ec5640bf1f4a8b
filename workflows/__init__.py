"""The law and the process: what may happen to a case, when, and by whom. Standard library only.

No web, no database, no clock of its own: facts and today's date are given, answers come back. The kinds of
case are in `workflows.kinds`.
"""
