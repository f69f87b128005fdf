"""A visit to a meter: the order, the state found, the plan, the writing, and what stands in the log about it.

It opens no port and prints nothing: flows are run by whoever has a dialogue.
"""
