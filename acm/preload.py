"""What the workers of ``acm serve --workers N`` have in common: imported once, by the process that forks them."""

import gc

gc.disable()  # `serving` turns it on
import acm.app  # noqa: E402, F401

gc.freeze()  # a collection in a worker that walked all of it would copy it
