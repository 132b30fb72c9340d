"""stays: leaves as many processes and descriptors as it can, so that a grader could start none."""

import os
import time

from stage import become_a_daemon

become_a_daemon()
while True:
    try:
        if not os.fork():
            time.sleep(600)
    except OSError:
        time.sleep(0.05)
