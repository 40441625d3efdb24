"""The kernel: events and their envelope, the case, rules and verdicts, the codec, errors.

It knows nothing of stages, stores or social work, and sees no clock.
"""
