"""Hot texts: the chapters' operations written for speed, under the chapters' names and in their order.

backend.py's numba row finds them here. Everything runs on one pool of threads (threads.py); kernels
are compiled without the global lock and without numba's own threads, because two pools that take
turns spend their time waking up. What is compiled is kept (kernels.py). Every test of an operation runs on
these texts too.
"""
