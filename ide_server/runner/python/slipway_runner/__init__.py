"""The far side of a launcher: loads a model's code and calls it. Standard library only, Python 3.9 and newer.

It runs beside the person's code, so nothing it says is believed by the host.
"""
