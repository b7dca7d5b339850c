"""What runs tell, as plain arguments."""

import terrazzo as tz


def telling(listener):
    """Call a function with the name, the steps done, all steps and the pixels of each `Step` inside the context."""
    return tz.on_progress(lambda step: listener(step.name, step.done, step.total, step.pixels))
